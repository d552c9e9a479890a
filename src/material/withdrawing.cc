#include <algorithm>

#include "base/try.h"
#include "material/material_impl.h"

namespace fristad {
namespace {

// How many entries with these numbers a list ever had.
Result<std::int64_t> entries_in(Connection& views, std::uint32_t log, const ListId& list, const NumberRange& range) {
  std::int64_t count = 0;
  TRY(views.query("SELECT place, size FROM chunk WHERE list = $1 AND place >= $2 AND place <= $3",
                  {Bytes(list), EntryPlace::of_number(log, range.first).chunk.value(),
                   EntryPlace::of_number(log, range.last).chunk.value()},
                  [&](const SqlRow& row) {
                    const std::int64_t first = EntryPlace{Place::of(row.integer(0)), 0}.number();
                    const std::int64_t last = std::min(range.last, first + row.integer(1) - 1);
                    count += std::max(std::int64_t{0}, last - std::max(range.first, first) + 1);
                    return Status();
                  }));
  return count;
}

// And how many of them were taken back.
Result<std::int64_t> entries_gone(Connection& views, const ListId& list, const NumberRange& range) {
  return TRY(views.integer("SELECT count(*) FROM (SELECT number FROM withdrawn WHERE list = $1 AND number >= $2 AND "
                           "number <= $3 UNION SELECT number FROM erased_entry WHERE list = $1 AND number >= $2 AND "
                           "number <= $3) AS gone",
                           {Bytes(list), range.first, range.last}))
      .value_or(0);
}

// As much of a withdrawal as is about entries that were recorded before a place, with the numbers cut to those of
// entries: it doesn't show that there are later ones. A count of zero: nothing of it.
Result<WithdrawalBody> part_before(Connection& views, const WithdrawalBody& whole, Place since) {
  WithdrawalBody part{.list = whole.list, .entries = {}, .reason = whole.reason};
  for (NumberRange range : whole.entries) {
    const std::int64_t from = EntryPlace::of_number(since.log, range.first).chunk.value();
    const std::int64_t to = EntryPlace::of_number(since.log, range.last).chunk.value();
    std::int64_t last = 0;
    TRY(
        views.query("SELECT place, size FROM chunk WHERE list = $1 AND place >= $2 AND place <= $3 AND place < $4 "
                    "ORDER BY place DESC LIMIT 1",
                    {Bytes(whole.list), from, to, since.value()}, [&](const SqlRow& row) {
                      last = EntryPlace{Place::of(row.integer(0)), 0}.number() + row.integer(1) - 1;
                      return Status();
                    }));
    range.last = std::min(range.last, last);
    if (range.last < range.first) continue;
    part.entries.push_back(range);
    part.count += TRY(entries_in(views, since.log, whole.list, range)) - TRY(entries_gone(views, whole.list, range));
  }
  return part;
}

}  // namespace

Result<std::vector<Recall>> Material::withdraw(const By& by, const ListId& list, std::span<const NumberRange> entries,
                                               std::string_view reason) {
  if (reason.empty() || reason.size() > reason_bytes_max) {
    return Error{Code::invalid_argument, "a withdrawal says why, in at most 1,000 bytes"};
  }
  WithdrawalBody withdrawal{.list = list, .entries = {entries.begin(), entries.end()}, .reason = std::string(reason)};
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const KnownList known = TRY(known_in(decision.views(), list));
    if (!known.own()) return not_ours(list);
    withdrawal.count = 0;
    for (const NumberRange& range : entries) {
      const std::int64_t there = TRY(entries_in(decision.views(), known.log, list, range));
      if (there == 0) return Error{Code::not_found, "the list has no entries " + to_text(std::span(&range, 1))};
      withdrawal.count += there - TRY(entries_gone(decision.views(), list, range));
    }
    if (withdrawal.count == 0) return Error{Code::conflict, "these entries were withdrawn or erased before"};
    std::vector<Draft> further;
    for (CorrectionScope& one : TRY(decision.correction_scopes(known.scope))) {
      const WithdrawalBody part = TRY(part_before(decision.views(), withdrawal, one.since));
      if (part.count == 0) continue;
      further.push_back({.kind = std::string(kind_withdrawn),
                         .scope = std::move(one.scope),
                         .body = part.to_json(),
                         .schema = withdrawn_beside});
    }
    TRY(decision.emit({.kind = std::string(kind_withdrawn), .scope = known.scope, .body = withdrawal.to_json()}));
    for (Draft& draft : further) TRY(decision.emit(std::move(draft)));
    return {};
  }));
  return recalls(list, entries);
}

}  // namespace fristad
