#pragma once

// What the parts of Alliance share. Included by this room's sources alone.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "alliance/alliance.h"
#include "alliance/records.h"
#include "base/published.h"

namespace fristad {

struct Alliance::Impl {
  Impl(Journal& of, AllianceOptions chosen) : journal(of), options(std::move(chosen)) {}

  const std::string& own() const { return journal.member(); }
  // Reads what all records come to, and publishes it.
  Status refresh();
  // After records of this room: what can't be read now is read when somebody asks.
  void heard(std::span<const Record> records);
  void changed() const;
  // As it stands inside of a decision.
  Result<Membership> in(Decision& decision) { return membership_of(decision.views(), own(), texts); }

  Journal& journal;
  const AllianceOptions options;
  KnownTexts texts;
  Published<Membership> published{std::make_shared<const Membership>()};
  std::atomic<bool> stale = false;

  mutable std::mutex calling;
  std::function<void()> on_change;

  // For questions. Guarded by `reading`, which also keeps what is published in order.
  mutable std::mutex reading;
  std::unique_ptr<Connection> views;
};

}  // namespace fristad
