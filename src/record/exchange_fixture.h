#pragma once

// Takes over the records of one journal in another, without a network, for tests of this room and those above it.

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "record/exchange.h"
#include "record/record_fixture.h"

namespace fristad::testing {

// A member with its journal.
struct JournalMember {
  explicit JournalMember(std::string code, const Kinds& known = note_kinds()) : name(std::move(code)), kinds(known) {
    open();
  }
  void open() {
    journal.reset();
    store.emplace(Store::open({.sqlite_path = folder / "node.db"}).value());
    JournalOptions options = test_options(random, name);
    options.corrections = [this](Connection&, std::string_view) {
      return Result<std::vector<CorrectionScope>>(further);
    };
    auto opened = Journal::open(*store, kinds, keys(), std::move(options));
    EXPECT_TRUE(opened) << opened.error().message;
    journal = *std::move(opened);
  }
  JournalKeys keys() const {
    const auto key = [&](std::uint8_t fill) {
      Key seed;
      std::ranges::fill(seed.bytes(), static_cast<std::uint8_t>(fill + name.front()));
      return seed;
    };
    return {.record_key = SigningKey::from_seed(key(1)), .log_key = SigningKey::from_seed(key(2)), .data_key = key(3)};
  }
  Recorded says(Draft draft) {
    auto recorded = journal->transact("anna", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      return {};
    });
    EXPECT_TRUE(recorded) << recorded.error().message;
    return recorded ? recorded->front() : Recorded();
  }

  std::string name;
  Random random = counting_random();  // goes on after a restart
  TemporaryFolder folder;
  const Kinds& kinds;
  std::optional<Store> store;
  std::unique_ptr<Journal> journal;
  std::vector<CorrectionScope> further = {};  // of every scope
};

inline std::vector<LeafBytes> leaves_of(const Journal& from, std::uint64_t first) {
  std::vector<LeafBytes> leaves;
  EXPECT_TRUE(from.for_each_leaf(shared_log, first, [&](std::uint64_t, const LeafBytes& leaf) {
    leaves.push_back(leaf);
    return Status();
  }));
  return leaves;
}

inline Extension extension_of(const Journal& from, std::uint64_t first, std::span<const LeafBytes> leaves) {
  const LogHead head = from.head(shared_log);
  return {.member = from.member(),
          .from = first,
          .leaves = leaves,
          .head = {.origin = head.origin, .size = head.size, .root = head.root},
          .note = "a note",
          .key_at = [key = from.record_key()](std::uint64_t) { return std::optional(key); }};
}

inline void pull_leaves(const Journal& from, Journal& to) {
  const auto known = to.known_log(from.member());
  const std::uint64_t first = known ? known->head.size : 0;
  const auto leaves = leaves_of(from, first);
  const Status extended = to.extend(extension_of(from, first, leaves));
  ASSERT_TRUE(extended) << extended.error().message;
}

inline std::int64_t last_of(const Journal& reader, const std::string& author, const std::string& scope) {
  const auto known = reader.known_log(author);
  if (!known) return 0;
  const auto spans = reader.spans(known->number).value();
  for (const ScopeSpan& span : spans) {
    if (span.scope == scope) return span.last;
  }
  return 0;
}

inline Delivered pull_scope(const Journal& from, Journal& to, const std::string& scope, std::size_t bytes = 1 << 20) {
  const auto parcels = from.parcels(shared_log, scope, last_of(to, from.member(), scope) + 1, bytes).value();
  auto delivered = to.deliver(from.member(), scope, parcels);
  EXPECT_TRUE(delivered) << delivered.error().message;
  return delivered ? *delivered : Delivered();
}

// The views and facts of what is shared, whatever order the logs are numbered in here.
inline std::multiset<std::string> shared_dump(const Journal& of) {
  std::multiset<std::string> lines;
  EXPECT_TRUE(of.dump([&](std::string_view line) {
    if (line.find("/private/") == std::string_view::npos) lines.emplace(line);
    return Status();
  }));
  return lines;
}

// All that the author shares, as if the reader might read every scope.
inline void pull_all(const Journal& from, Journal& to) {
  pull_leaves(from, to);
  const auto spans = from.spans(shared_log).value();
  for (const ScopeSpan& span : spans) {
    while (last_of(to, from.member(), span.scope) < span.last) pull_scope(from, to, span.scope);
  }
}

}  // namespace fristad::testing
