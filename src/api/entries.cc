// The entries of a list: shown without their hashes, which leave the node only by an approved export.

#include <algorithm>

#include "api/api_impl.h"
#include "api/call.h"
#include "base/hex.h"
#include "match/hash_text.h"

namespace fristad {
namespace {

constexpr std::int64_t page_max = 500;
constexpr std::int64_t looked_at_max = 20'000;  // entries that one request of a search reads
constexpr std::size_t added_at_once_max = 10'000;

void write_view(JsonWriter& json, const EntryView& entry) {
  json.begin_object().member("entry", entry.number).member("classification", to_text(entry.body.classification));
  json.key("hashes").begin_array();
  if (entry.body.pdq) json.value("pdq");
  if (entry.body.md5) json.value("md5");
  if (entry.body.sha1) json.value("sha1");
  if (entry.body.sha256) json.value("sha256");
  json.end_array();
  json.member("id", entry.body.id).member("note", entry.body.note);
  if (!entry.body.raw.empty()) json.member("raw", entry.body.raw).member("scheme", entry.body.scheme);
  json.member("withdrawn", entry.withdrawn);
  if (entry.withdrawn) json.member("reason", entry.reason);
  if (entry.paused_until_ms != 0) json.member("paused_until_ms", entry.paused_until_ms);
  json.end_object();
}

struct EntryFilter {
  std::optional<Classification> classification = {};
  std::optional<bool> withdrawn = {};
  std::string id = {};
  std::string text = {};  // somewhere in id, note or raw

  bool takes(const EntryView& entry) const {
    if (classification && entry.body.classification != *classification) return false;
    if (withdrawn && entry.withdrawn != *withdrawn) return false;
    if (!id.empty() && entry.body.id != id) return false;
    const auto holds = [&](const std::string& where) { return where.find(text) != std::string::npos; };
    return text.empty() || holds(entry.body.id) || holds(entry.body.note) || holds(entry.body.raw);
  }
};

// A page of those that the filter takes, and where to go on: a long list is read in parts.
Result<Response> entry_page(Call& call, const ListId& list, const EntryFilter& filter, std::int64_t from,
                            std::int64_t count) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("entries").begin_array();
  std::int64_t found = 0;
  std::int64_t looked_at = 0;
  std::int64_t next = 0;
  const Status read = call.api.parts.material.for_each_entry(
      list,
      [&](const EntryView& entry) -> Status {
        if (found == count || looked_at == looked_at_max) {
          next = entry.number;
          return Error{Code::cancelled, "the page is full"};
        }
        ++looked_at;
        if (!filter.takes(entry)) return {};
        ++found;
        write_view(json, entry);
        return {};
      },
      from);
  if (!read && next == 0) return read.error();
  json.end_array().key("next");
  if (next != 0) {
    json.value(std::to_string(next));
  } else {
    json.value(nullptr);
  }
  json.end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_entries(Call& call) {
  const ListId list = TRY(call.id("list"));
  const std::int64_t count = TRY(call.query_number("count", 1, page_max, 50));
  return entry_page(call, list, {}, TRY(call.query_number("cursor", 1, (std::int64_t{1} << 50) - 1, 1)), count);
}

Result<Response> search_entries(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  EntryFilter filter;
  if (const auto word = TRY(in.maybe_text("classification", 32))) {
    filter.classification = from_text<Classification>(*word);
    if (!filter.classification) return Error{Code::invalid_argument, "\"classification\" isn't one of ours"};
  }
  filter.withdrawn = TRY(in.maybe_flag("withdrawn"));
  filter.id = TRY(in.maybe_text("id", 4096)).value_or("");
  filter.text = TRY(in.maybe_text("text", 4096)).value_or("");
  const std::int64_t count = TRY(in.maybe_integer("count", 1, page_max)).value_or(50);
  std::int64_t from = 1;
  if (const auto cursor = TRY(in.maybe_text("cursor", 20))) {
    from = TRY(number_of_cursor(*cursor));
  }
  TRY(in.end());
  return entry_page(call, list, filter, from, count);
}

template <std::size_t size>
Status read_digest(Fields& in, std::string_view name, std::optional<std::array<std::uint8_t, size>>& to) {
  const auto digits = TRY(in.maybe_text(name, 2 * size));
  if (digits && !from_hex(*digits, to.emplace())) {
    return Error{Code::invalid_argument,
                 "\"" + std::string(name) + "\" has " + std::to_string(2 * size) + " hex digits"};
  }
  return {};
}

Result<EntryBody> read_entry(const Json& object) {
  Fields in(object);
  EntryBody entry;
  if (const auto digits = TRY(in.maybe_text("pdq", 64))) {
    const auto hash = PdqHash::from_hex(*digits);
    if (!hash) return Error{Code::invalid_argument, "\"pdq\" has 64 hex digits"};
    entry.pdq = *hash;
  }
  TRY(read_digest(in, "md5", entry.md5));
  TRY(read_digest(in, "sha1", entry.sha1));
  TRY(read_digest(in, "sha256", entry.sha256));
  entry.id = TRY(in.maybe_text("id", 4096)).value_or("");
  entry.note = TRY(in.maybe_text("note", 4096)).value_or("");
  entry.raw = TRY(in.maybe_text("raw", 4096)).value_or("");
  entry.scheme = TRY(in.maybe_text("scheme", 4096)).value_or("");
  entry.context = TRY(in.maybe_text("context", 8192)).value_or("");
  if (const auto word = TRY(in.maybe_text("classification", 32))) {
    const auto known = from_text<Classification>(*word);
    if (!known) {
      return Error{
          Code::invalid_argument,
          "\"classification\" is baseline, national, not-illegal or unclassified; other words go into \"raw\""};
    }
    entry.classification = *known;
  }
  TRY(in.end());
  // As it will be read: finds what has no hash, and whatever could be a picture.
  TRY(entry.check());
  return entry;
}

Result<Response> add_entries(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body(16 << 20)));
  std::vector<EntryBody> entries;
  for (const Json& object : *TRY(in.array("entries", added_at_once_max))) {
    auto entry = read_entry(object);
    if (!entry) {
      Error error = std::move(entry).error();
      error.message = "entry " + std::to_string(entries.size()) + ": " + error.message + "; nothing was added";
      return error;
    }
    entries.push_back(*std::move(entry));
  }
  TRY(in.end());
  if (entries.empty()) return Error{Code::invalid_argument, "\"entries\" has at least one"};
  const std::int64_t first = TRY(call.api.parts.material.add_entries(call.by(), list, entries));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("list", to_text(list)).key("entries").begin_array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto chunk = static_cast<std::int64_t>(i / items_max);
    json.value(first + chunk * entries_per_chunk + static_cast<std::int64_t>(i % items_max));
  }
  json.end_array().end_object();
  return json_response(201, std::move(body));
}

Result<Response> show_entry(Call& call) {
  const EntryView entry = TRY(call.api.parts.material.entry(TRY(call.id("list")), TRY(call.number("entry"))));
  std::string body;
  JsonWriter json(body);
  write_view(json, entry);
  return json_response(200, std::move(body));
}

// ---- Withdrawals and recalls ----

void write_recalls(JsonWriter& json, std::span<const Recall> recalls) {
  json.key("recalls").begin_array();
  for (const Recall& recall : recalls) {
    json.begin_object().member("reference", recall.reference).member("entry", recall.number);
    json.member("at_ms", recall.at_ms).member("level", recall.level).end_object();
  }
  json.end_array();
}

Result<Response> withdraw_entries(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  const auto entries = TRY(parse_ranges(TRY(in.text("entries", 200'000))));
  const std::string reason = TRY(in.text("reason", reason_bytes_max));
  TRY(in.end());
  const auto recalls = TRY(call.api.parts.material.withdraw(call.by(), list, entries, reason));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("list", to_text(list));
  write_recalls(json, recalls);
  json.end_object();
  return json_response(201, std::move(body));
}

Result<Response> show_recalls(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  const auto entries = TRY(parse_ranges(TRY(in.text("entries", 200'000))));
  TRY(in.end());
  TRY(call.api.parts.material.list(list));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("list", to_text(list));
  write_recalls(json, TRY(call.api.parts.material.recalls(list, entries)));
  json.end_object();
  return json_response(200, std::move(body));
}

// ---- Opinions and why ----

Result<Response> give_opinion(Call& call) {
  const ListId list = TRY(call.id("list"));
  const std::int64_t number = TRY(call.number("entry"));
  Fields in(*TRY(call.body()));
  const auto verdict = from_text<Verdict>(TRY(in.text("verdict", 32)));
  const auto basis = from_text<Basis>(TRY(in.text("basis", 32)));
  const std::string reason = TRY(in.maybe_text("reason", reason_bytes_max)).value_or("");
  TRY(in.end());
  if (!verdict) return Error{Code::invalid_argument, "\"verdict\" is confirm or dispute"};
  if (!basis) return Error{Code::invalid_argument, "\"basis\" is examined or relayed"};
  TRY(call.api.parts.material.give_opinion(call.by(), list, number, *verdict, *basis, reason));
  return json_response(201, "{}");
}

Result<Response> show_history(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("events").begin_array();
  for (const EntryEvent& one : TRY(call.api.parts.material.history(TRY(call.id("list")), TRY(call.number("entry"))))) {
    json.begin_object().member("at_ms", one.at_ms).member("what", one.what);
    if (!one.member.empty()) json.member("member", one.member);
    if (one.basis) json.member("basis", to_text(*one.basis));
    if (!one.reason.empty()) json.member("reason", one.reason);
    json.end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> explain_entry(Call& call) {
  const Explanation why = TRY(call.api.parts.material.explain(TRY(call.id("list")), TRY(call.number("entry"))));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("list", to_text(why.list.id)).member("entry", why.entry.number);
  json.member("level", to_text(why.ruling.level)).member("rule", rule_version).key("reasons").begin_array();
  for (const std::string_view reason : why.ruling.reasons) {
    const auto lines = rule_lines();
    const auto line = std::ranges::find(lines, reason, &RuleLine::name);
    json.begin_object().member("name", reason).member("holds_when", line == lines.end() ? "" : line->asks).end_object();
  }
  json.end_array().member("confirmed_by", why.input.confirmed_by).member("disputed_by", why.input.disputed_by);
  json.key("opinions").begin_array();
  for (const Explanation::Opinion& opinion : why.opinions) {
    json.begin_object().member("member", opinion.member).member("verdict", to_text(opinion.verdict));
    json.member("basis", to_text(opinion.basis)).member("reason", opinion.reason);
    json.member("at_ms", opinion.at_ms).member("cosigned", opinion.cosigned).end_object();
  }
  json.end_array().key("as_of").begin_array();
  for (const auto& [log, size] : why.as_of) json.begin_object().member("log", log).member("size", size).end_object();
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}/entries",
             .right = Right::read_lists,
             .summary = "Entries in the order of their numbers, without hashes",
             .gives = "Entries",
             .query = "cursor,count",
             .handle = show_entries},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/entries/search",
             .right = Right::read_lists,
             .summary = "Entries by classification, state, id or words; a long list is searched in parts",
             .takes = "EntrySearch",
             .gives = "Entries",
             .handle = search_entries},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/entries",
             .right = Right::decide_lists,
             .summary = "Add up to 10,000 entries: all or none",
             .takes = "EntriesDraft",
             .gives = "EntryNumbers",
             .status = 201,
             .handle = add_entries,
             .limits = {.body_bytes = 16 << 20, .body_ms = 60'000}},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}/entries/{entry}",
             .right = Right::read_lists,
             .summary = "An entry, without hashes",
             .gives = "Entry",
             .handle = show_entry},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/withdrawals",
             .right = Right::decide_lists,
             .summary = "Withdraw entries: they stop matching before this is answered",
             .takes = "WithdrawalDraft",
             .gives = "Recalls",
             .status = 201,
             .handle = withdraw_entries},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/recalls",
             .right = Right::read_lists,
             .summary = "Matches that were kept of these entries",
             .takes = "RecallQuery",
             .gives = "Recalls",
             .handle = show_recalls},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/lists/{list}/entries/{entry}/opinions",
             .right = Right::decide_lists,
             .summary = "Confirm or dispute an entry",
             .takes = "OpinionDraft",
             .gives = "Empty",
             .status = 201,
             .handle = give_opinion},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}/entries/{entry}/explanation",
             .right = Right::match_details,
             .summary = "What a match of this entry is good for, and why",
             .gives = "Explanation",
             .handle = explain_entry},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/lists/{list}/entries/{entry}/history",
             .right = Right::read_lists,
             .summary = "What happened to the entry; the oldest first",
             .gives = "EntryHistory",
             .handle = show_history},
};

}  // namespace

std::span<const ApiRoute> entry_routes() {
  return routes;
}

}  // namespace fristad
