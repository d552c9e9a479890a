#include "material/stated_counts.h"

#include <algorithm>
#include <array>

#include "base/try.h"
#include "material/material_impl.h"
#include "material/records.h"

namespace fristad {
namespace {

constexpr std::size_t member_bytes_max = 63;

constexpr std::array number_names{
    std::pair("added", &OriginCounts::added), std::pair("withdrawn", &OriginCounts::withdrawn),
    std::pair("disputed", &OriginCounts::disputed), std::pair("overturned", &OriginCounts::overturned),
    std::pair("hits", &OriginCounts::hits)};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

const std::string* text_in(const Json& row, std::string_view name) {
  const Json* const member = row.find(name);
  return member == nullptr ? nullptr : member->text();
}

Result<OriginCounts> row_from(const Json& row) {
  OriginCounts counts;
  const std::string* const member = text_in(row, "member");
  const std::string* const classification = text_in(row, "classification");
  if (member == nullptr || member->empty() || member->size() > member_bytes_max) return wrong("\"member\" is a code");
  if (classification == nullptr || !from_text<Classification>(*classification)) {
    return wrong("\"classification\" is one of ours");
  }
  counts.member = *member;
  counts.classification = *classification;
  for (const auto& [name, to] : number_names) {
    const Json* const number = row.find(name);
    if (number == nullptr || number->integer() == nullptr || *number->integer() < 0) {
      return wrong("\"" + std::string(name) + "\" is a number from 0");
    }
    counts.*to = *number->integer();
  }
  return counts;
}

}  // namespace

Json stated_json(const std::vector<OriginCounts>& counts) {
  Json::Array rows;
  for (const OriginCounts& one : counts) {
    Json row = Json::object({{"classification", one.classification}, {"member", one.member}});
    for (const auto& [name, from] : number_names) row.members()->emplace(name, one.*from);
    rows.push_back(std::move(row));
  }
  return Json::object({{"counts", std::move(rows)}});
}

Result<std::vector<OriginCounts>> stated_from(const Json& body) {
  const Json* const rows = body.find("counts");
  if (rows == nullptr || rows->array() == nullptr || rows->array()->size() > stated_rows_max) {
    return wrong("\"counts\" is a list of at most 1,000");
  }
  std::vector<OriginCounts> all;
  for (const Json& row : *rows->array()) all.push_back(TRY(row_from(row)));
  return all;
}

Status check_stated(const Record& record) {
  if (record.payload.scope != "public") return wrong("what is stated of origins is for everybody: it is public");
  TRY(stated_from(record.payload.body));
  return {};
}

Status apply_stated(Fold& fold, const Record& record) {
  std::int64_t row = 0;
  for (const OriginCounts& one : TRY(stated_from(record.payload.body))) {
    TRY(fold.views().execute(
        "INSERT INTO stated_counts(place, item, member, classification, added, withdrawn, disputed, overturned, hits, "
        "at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        {record.place.value(), row++, std::string_view(one.member), std::string_view(one.classification), one.added,
         one.withdrawn, one.disputed, one.overturned, one.hits, record.payload.at_ms}));
  }
  return {};
}

Status erase_stated(Fold& fold, const Record& record, std::span<const std::uint32_t>) {
  TRY(fold.views().execute("DELETE FROM stated_counts WHERE place = $1", {record.place.value()}));
  return {};
}

// ---- Statements ----

Result<std::vector<OriginCounts>> Material::state_counts(const By& by) {
  const auto& is_public = impl_->options.whole_alliance_reads;
  // What somebody shares with a few is theirs to speak of.
  const auto counts = TRY(impl_->count([&](const ListId& list) { return is_public && is_public(list); }));
  if (counts.size() > stated_rows_max) return Error{Code::too_large, "these are more counts than one record takes"};
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(decision.emit({.kind = std::string(kind_stated), .scope = "public", .body = stated_json(counts)}));
    return {};
  }));
  return counts;
}

Result<std::vector<StatedCounts>> Material::stated_counts() const {
  std::map<std::uint32_t, StatedCounts> newest;  // by log
  std::map<std::uint32_t, std::int64_t> places;
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->views->query(
        "SELECT place, member, classification, added, withdrawn, disputed, overturned, hits, at FROM stated_counts "
        "ORDER BY place, item",
        {}, [&](const SqlRow& row) {
          const std::uint32_t log = Place::of(row.integer(0)).log;
          StatedCounts& stated = newest[log];
          if (std::exchange(places[log], row.integer(0)) != row.integer(0)) stated.counts.clear();
          stated.at_ms = row.integer(8);
          OriginCounts& counts = stated.counts.emplace_back();
          counts.member = row.text(1);
          counts.classification = row.text(2);
          int column = 3;
          for (const auto& [name, to] : number_names) counts.*to = row.integer(column++);
          return Status();
        }));
  }
  std::vector<StatedCounts> all;
  for (auto& [log, stated] : newest) {
    stated.by = impl_->journal.author(log);
    all.push_back(std::move(stated));
  }
  std::ranges::sort(all, {}, &StatedCounts::by);
  return all;
}

}  // namespace fristad
