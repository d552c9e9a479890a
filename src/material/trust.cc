// How far other members are trusted: our rule for each of their lists, what became of their entries, and what of our
// own isn't for all of them.

#include <algorithm>
#include <unordered_map>

#include "base/try.h"
#include "material/material_impl.h"

namespace fristad {
namespace {

ListId list_id(Bytes bytes) {
  ListId list{};
  std::ranges::copy(bytes, list.begin());
  return list;
}

// The classifications of the entries of some chunks, by the places of those.
class Classes {
 public:
  void add(std::int64_t chunk, const ListId& list, Bytes classes) {
    chunks_.insert_or_assign(chunk, Chunk{list, {classes.begin(), classes.end()}});
  }
  // Nothing if the list has no such entry.
  std::optional<Classification> of(const KnownList& known, const ListId& list, std::int64_t number) const {
    const EntryPlace place = EntryPlace::of_number(known.log, number);
    const auto chunk = chunks_.find(place.chunk.value());
    if (chunk == chunks_.end() || chunk->second.list != list) return std::nullopt;
    if (place.item >= chunk->second.classes.size()) return std::nullopt;
    return static_cast<Classification>(chunk->second.classes[place.item]);
  }

 private:
  struct Chunk {
    ListId list;
    std::vector<std::uint8_t> classes;
  };
  std::unordered_map<std::int64_t, Chunk> chunks_;
};

class Tally {
 public:
  OriginCounts& of(const KnownList& known, Classification classification) {
    OriginCounts& counts = counts_[{known.member, classification}];
    if (counts.member.empty()) {
      counts.member = known.member;
      counts.classification = to_text(classification);
    }
    return counts;
  }
  std::vector<OriginCounts> all() const {
    std::vector<OriginCounts> all;
    for (const auto& [key, one] : counts_) {
      if (one.added + one.withdrawn + one.disputed + one.overturned + one.hits > 0) all.push_back(one);
    }
    return all;
  }

 private:
  std::map<std::pair<std::string, Classification>, OriginCounts> counts_;
};

}  // namespace

Status Material::subscribe(const By& by, const ListId& list, const Subscription& subscription) {
  const SubscriptionBody body{.list = list, .subscription = subscription};
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const KnownList known = TRY(known_in(decision.views(), list));
    if (known.own()) {
      return Error{Code::conflict, "list " + to_text(list) + " is our own: it counts without a subscription"};
    }
    TRY(decision.emit({.kind = std::string(kind_subscribed), .body = body.to_json()}));
    return {};
  }));
  return {};
}

// Since when, not when last: who says the same again doesn't overturn the entry anew.
Result<HeldDisputes> Material::Impl::held_disputes() const {
  HeldDisputes all;
  std::pair<ListId, std::int64_t> entry;
  std::int64_t log = -1;
  std::optional<HeldDispute> held;
  const auto flush = [&] {
    if (held) all[entry].push_back(*std::move(held));
    held.reset();
  };
  const std::scoped_lock lock(reading);
  TRY(views->query(
      "SELECT list, number, log, verdict, basis, reason, at FROM opinion AS one WHERE EXISTS (SELECT 1 FROM opinion "
      "WHERE list = one.list AND number = one.number AND log = one.log AND verdict = 'dispute' AND "
      "basis = 'examined') ORDER BY list, number, log, place",
      {}, [&](const SqlRow& row) {
        const std::pair now{list_id(row.bytes(0)), row.integer(1)};
        if (now != entry || row.integer(2) != log) flush();
        entry = now;
        log = row.integer(2);
        if (row.text(3) != to_text(Verdict::dispute) || row.text(4) != to_text(Basis::examined)) {
          held.reset();
          return Status();
        }
        const bool wrong = says_wrong(row.text(5));
        if (held && held->wrong == wrong) return Status();
        held = HeldDispute{
            .member = journal.author(static_cast<std::uint32_t>(log)), .wrong = wrong, .since_ms = row.integer(6)};
        return Status();
      }));
  flush();
  return all;
}

std::optional<std::int64_t> Material::Impl::overturned_at(const KnownList& known,
                                                          std::span<const HeldDispute> disputes) const {
  std::optional<std::int64_t> at;
  std::map<std::string, std::int64_t> others;  // since when each jurisdiction holds it for wrong
  const std::string itself = origin_of(known.member).jurisdiction;
  for (const HeldDispute& dispute : disputes) {
    if (!dispute.wrong) continue;
    if (dispute.member == journal.member()) {
      at = dispute.since_ms;
      continue;
    }
    const std::string jurisdiction = voice_of(dispute.member);
    if (jurisdiction.empty() || jurisdiction == itself) continue;
    const auto [first, added] = others.emplace(jurisdiction, dispute.since_ms);
    if (!added) first->second = std::min(first->second, dispute.since_ms);
  }
  if (others.size() < 2) return at;
  std::vector<std::int64_t> times;
  for (const auto& [jurisdiction, since_ms] : others) times.push_back(since_ms);
  std::ranges::sort(times);
  return at ? std::min(*at, times[1]) : times[1];
}

Result<std::map<std::string, int>> Material::overturned(std::int64_t since_ms) const {
  const auto lists = impl_->lists.get();
  const HeldDisputes disputes = TRY(impl_->held_disputes());
  std::map<std::string, int> overturned;
  for (const auto& [entry, held] : disputes) {
    const auto& [list, number] = entry;
    const auto known = lists->find(list);
    if (known == lists->end() || known->second.own()) continue;
    const auto at = impl_->overturned_at(known->second, held);
    if (!at || *at < since_ms) continue;
    // Others may dispute what never was an entry.
    const EntryPlace place = EntryPlace::of_number(known->second.log, number);
    const auto chunk = TRY(impl_->chunk_info(place.chunk));
    if (chunk && chunk->list == list && place.item < chunk->classifications.size()) ++overturned[known->second.member];
  }
  return overturned;
}

Result<std::int64_t> Material::not_baseline(const ListId& list) const {
  const KnownList known = TRY(impl_->known(list));
  Classes classes;
  std::int64_t count = 0;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->views->query("SELECT place, classes FROM chunk WHERE list = $1", {Bytes(list)}, [&](const SqlRow& row) {
    const Bytes some = row.bytes(1);
    count += std::ssize(some) - std::ranges::count(some, static_cast<std::uint8_t>(Classification::baseline));
    classes.add(row.integer(0), list, some);
    return Status();
  }));
  TRY(impl_->views->query(
      "SELECT number FROM withdrawn WHERE list = $1 UNION SELECT number FROM erased_entry WHERE list = $1",
      {Bytes(list)}, [&](const SqlRow& row) {
        const auto gone = classes.of(known, list, row.integer(0));
        if (gone && *gone != Classification::baseline) --count;
        return Status();
      }));
  return count;
}

Result<std::vector<OriginCounts>> Material::counts() const {
  return impl_->count([](const ListId&) { return true; });
}

Result<std::vector<OriginCounts>> Material::Impl::count(const std::function<bool(const ListId& list)>& which) const {
  KnownLists some;
  for (const auto& [list, known] : *lists.get()) {
    if (which(list)) some.emplace(list, known);
  }
  const HeldDisputes disputes = TRY(held_disputes());
  Classes classes;
  Tally tally;
  const auto counted = [&](const ListId& list, std::int64_t number) -> OriginCounts* {
    const auto known = some.find(list);
    if (known == some.end()) return nullptr;
    const auto classification = classes.of(known->second, list, number);
    return classification ? &tally.of(known->second, *classification) : nullptr;
  };
  {
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT place, list, classes FROM chunk", {}, [&](const SqlRow& row) {
      const ListId list = list_id(row.bytes(1));
      const auto known = some.find(list);
      if (known == some.end()) return Status();
      std::array<std::int64_t, 4> by_class{};
      for (const std::uint8_t one : row.bytes(2)) ++by_class.at(one);
      for (std::size_t i = 0; i < by_class.size(); ++i) {
        if (by_class[i] > 0) tally.of(known->second, static_cast<Classification>(i)).added += by_class[i];
      }
      classes.add(row.integer(0), list, row.bytes(2));
      return Status();
    }));
    TRY(views->query("SELECT list, number FROM erased_entry", {}, [&](const SqlRow& row) {
      if (OriginCounts* const counts = counted(list_id(row.bytes(0)), row.integer(1))) --counts->added;
      return Status();
    }));
    TRY(views->query("SELECT list, number FROM withdrawn EXCEPT SELECT list, number FROM erased_entry", {},
                     [&](const SqlRow& row) {
                       if (OriginCounts* const counts = counted(list_id(row.bytes(0)), row.integer(1))) {
                         ++counts->withdrawn;
                       }
                       return Status();
                     }));
    TRY(views->query("SELECT list, number, count(*) FROM kept_match GROUP BY list, number", {}, [&](const SqlRow& row) {
      if (OriginCounts* const counts = counted(list_id(row.bytes(0)), row.integer(1))) counts->hits += row.integer(2);
      return Status();
    }));
  }
  for (const auto& [entry, held] : disputes) {
    OriginCounts* const counts = counted(entry.first, entry.second);
    if (counts == nullptr) continue;
    const KnownList& known = some.at(entry.first);
    const bool counts_here = std::ranges::any_of(held, [&](const HeldDispute& dispute) {
      return dispute.member == journal.member() || !voice_of(dispute.member).empty();
    });
    if (counts_here) ++counts->disputed;
    if (overturned_at(known, held)) ++counts->overturned;
  }
  return tally.all();
}

}  // namespace fristad
