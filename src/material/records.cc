#include "material/records.h"

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t title_bytes_max = 200;
constexpr std::size_t text_bytes_max = 4096;
constexpr std::size_t context_bytes_max = 8 * 1024;
constexpr std::size_t ranges_max = 10'000;

constexpr std::array<std::string_view, 2> purposes{"match", "allow"};
constexpr std::array<std::string_view, 3> states{"enabled", "disabled", "withdrawn"};
constexpr std::array<std::string_view, 4> classifications{"baseline", "national", "not-illegal", "unclassified"};
constexpr std::array<std::string_view, 2> verdicts{"confirm", "dispute"};
constexpr std::array<std::string_view, 2> bases{"examined", "relayed"};
constexpr std::array<std::string_view, 5> handlings{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN",
                                                    "TLP:CLEAR"};

template <class T, std::size_t n>
std::optional<T> named(std::string_view text, const std::array<std::string_view, n>& names) {
  const auto at = std::ranges::find(names, text);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

// The text of a member; empty if there is none.
Result<std::string> text_in(const Json& body, std::string_view name, std::size_t bytes_max) {
  const Json* const member = body.find(name);
  if (member == nullptr) return std::string();
  if (member->text() == nullptr || member->text()->size() > bytes_max) {
    return wrong("\"" + std::string(name) + "\" is a text of at most " + std::to_string(bytes_max) + " bytes");
  }
  return *member->text();
}

template <std::size_t size>
Result<std::optional<std::array<std::uint8_t, size>>> digest_in(const Json& body, std::string_view name) {
  const std::string text = TRY(text_in(body, name, 2 * size));
  if (text.empty()) return std::optional<std::array<std::uint8_t, size>>();
  std::array<std::uint8_t, size> digest{};
  if (!from_hex(text, digest)) return wrong("\"" + std::string(name) + "\" is no hash of that kind");
  return std::optional(digest);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":";
  append_canonical_string(out, text);
}

}  // namespace

std::string to_text(const ListId& list) {
  return to_hex(list);
}
std::string_view to_text(Purpose purpose) {
  return purposes.at(static_cast<std::size_t>(purpose));
}
std::string_view to_text(ListState state) {
  return states.at(static_cast<std::size_t>(state));
}
std::string_view to_text(Classification classification) {
  return classifications.at(static_cast<std::size_t>(classification));
}
std::string_view to_text(Verdict verdict) {
  return verdicts.at(static_cast<std::size_t>(verdict));
}
std::string_view to_text(Basis basis) {
  return bases.at(static_cast<std::size_t>(basis));
}
template <>
std::optional<Purpose> from_text(std::string_view text) {
  return named<Purpose>(text, purposes);
}
template <>
std::optional<ListState> from_text(std::string_view text) {
  return named<ListState>(text, states);
}
template <>
std::optional<Classification> from_text(std::string_view text) {
  return named<Classification>(text, classifications);
}
template <>
std::optional<Verdict> from_text(std::string_view text) {
  return named<Verdict>(text, verdicts);
}
template <>
std::optional<Basis> from_text(std::string_view text) {
  return named<Basis>(text, bases);
}

Json ListBody::to_json() const {
  return Json::object({{"handling", handling},
                       {"limit", limit},
                       {"purpose", to_text(purpose)},
                       {"state", to_text(state)},
                       {"title", title}});
}

Result<ListBody> ListBody::from_json(const Json& body) {
  ListBody list;
  list.title = TRY(text_in(body, "title", title_bytes_max));
  if (list.title.empty()) return wrong("a list has a title");
  list.handling = TRY(text_in(body, "handling", 32));
  if (std::ranges::find(handlings, list.handling) == handlings.end()) {
    return wrong("a handling code is TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN or TLP:CLEAR");
  }
  const auto purpose = from_text<Purpose>(TRY(text_in(body, "purpose", 32)));
  const auto state = from_text<ListState>(TRY(text_in(body, "state", 32)));
  if (!purpose) return wrong("a list's purpose is match or allow");
  if (!state) return wrong("a list is enabled, disabled or withdrawn");
  list.purpose = *purpose;
  list.state = *state;
  const Json* const limit = body.find("limit");
  if (limit == nullptr || limit->integer() == nullptr || *limit->integer() < 0 || *limit->integer() > limit_default) {
    return wrong("a list's limit is 0 to 31 bits");
  }
  list.limit = static_cast<int>(*limit->integer());
  return list;
}

Json SubscriptionBody::to_json() const {
  return Json::object({{"list", to_text(list)},
                       {"subscribed", subscription.subscribed},
                       {"enforce", subscription.enforce},
                       {"national", subscription.national},
                       {"heed_disputes", subscription.heed_disputes},
                       {"enforced_per_day", subscription.enforced_per_day}});
}

Result<SubscriptionBody> SubscriptionBody::from_json(const Json& body) {
  SubscriptionBody said;
  said.list = TRY(list_in(body));
  Subscription& to = said.subscription;
  for (const auto& [name, flag] :
       {std::pair{"subscribed", &to.subscribed}, std::pair{"enforce", &to.enforce}, std::pair{"national", &to.national},
        std::pair{"heed_disputes", &to.heed_disputes}}) {
    const Json* const member = body.find(name);
    if (member == nullptr || member->truth() == nullptr) return wrong("\"" + std::string(name) + "\" is true or false");
    *flag = *member->truth();
  }
  const Json* const cap = body.find("enforced_per_day");
  if (cap == nullptr || cap->integer() == nullptr || *cap->integer() < 0 || *cap->integer() > enforced_per_day_max) {
    return wrong("a member's entries are enforced 0 to 1,000,000 times a day");
  }
  to.enforced_per_day = *cap->integer();
  return said;
}

std::string EntryBody::to_item() const {
  std::string out = "{";
  append_member(out, "class", to_text(classification));
  append_member(out, "context", context);
  append_member(out, "id", id);
  if (md5) append_member(out, "md5", to_hex(*md5));
  append_member(out, "note", note);
  if (pdq) append_member(out, "pdq", pdq->to_hex());
  append_member(out, "raw", raw);
  append_member(out, "scheme", scheme);
  if (sha1) append_member(out, "sha1", to_hex(*sha1));
  if (sha256) append_member(out, "sha256", to_hex(*sha256));
  out += '}';
  return out;
}

Result<EntryBody> EntryBody::from_item(std::string_view item) {
  const Json json = TRY(decode_item(item));
  const bool texts_only = json.members() != nullptr && std::ranges::all_of(*json.members(), [](const auto& member) {
                            return member.second.text() != nullptr;
                          });
  if (!texts_only) return wrong("an entry is an object of texts");
  EntryBody entry;
  const std::string pdq = TRY(text_in(json, "pdq", 64));
  if (!pdq.empty()) entry.pdq = TRY(PdqHash::from_hex(pdq));
  entry.md5 = TRY(digest_in<16>(json, "md5"));
  entry.sha1 = TRY(digest_in<20>(json, "sha1"));
  entry.sha256 = TRY(digest_in<32>(json, "sha256"));
  if (!entry.pdq && !entry.md5 && !entry.sha1 && !entry.sha256) return wrong("an entry has at least one hash");
  entry.id = TRY(text_in(json, "id", text_bytes_max));
  entry.raw = TRY(text_in(json, "raw", text_bytes_max));
  entry.scheme = TRY(text_in(json, "scheme", text_bytes_max));
  entry.note = TRY(text_in(json, "note", text_bytes_max));
  entry.context = TRY(text_in(json, "context", context_bytes_max));
  const auto classification = from_text<Classification>(TRY(text_in(json, "class", 32)));
  if (!classification) return wrong("an entry is classified baseline, national, not-illegal or unclassified");
  entry.classification = *classification;
  return entry;
}

Status EntryBody::check() const {
  if (!pdq && !md5 && !sha1 && !sha256) return wrong("an entry has at least one hash");
  const auto text = [](std::string_view name, std::string_view value, std::size_t bytes_max) -> Status {
    const std::string quoted = "\"" + std::string(name) + "\"";
    if (value.size() > bytes_max)
      return wrong(quoted + " is a text of at most " + std::to_string(bytes_max) + " bytes");
    if (!is_utf8(value)) return wrong(quoted + " is not UTF-8");
    return {};
  };
  TRY(text("id", id, text_bytes_max));
  TRY(text("raw", raw, text_bytes_max));
  TRY(text("scheme", scheme, text_bytes_max));
  TRY(text("note", note, text_bytes_max));
  TRY(text("context", context, context_bytes_max));
  const std::string item = to_item();
  if (item.size() > item_bytes_max) {
    return Error{Code::too_large, "an entry takes at most " + std::to_string(item_bytes_max) + " bytes"};
  }
  return refuse_imagery_in_text(item);
}

Classification classification_of(std::string_view item) {
  constexpr std::string_view begin = "{\"class\":\"";  // the first member of its canonical form
  if (!item.starts_with(begin)) return Classification::unclassified;
  item.remove_prefix(begin.size());
  return from_text<Classification>(item.substr(0, item.find('"'))).value_or(Classification::unclassified);
}

// A name between quotation marks that follows a brace or a comma is a member's: within a text, quotation marks are
// escaped.
LiveEntry indexed(std::string_view item, EntryHandle handle) {
  const auto digits_of = [&](std::string_view name) {
    const std::size_t at = item.find(name);
    if (at == std::string_view::npos || at == 0 || (item[at - 1] != '{' && item[at - 1] != ',')) {
      return std::string_view();
    }
    const std::string_view rest = item.substr(at + name.size());
    return rest.substr(0, rest.find('"'));
  };
  const auto fill = [&]<class Digest>(std::string_view name, std::optional<Digest>& to) {
    Digest digest{};
    if (const std::string_view digits = digits_of(name); !digits.empty() && from_hex(digits, digest)) to = digest;
  };
  LiveEntry entry{.handle = handle};
  if (const auto pdq = PdqHash::from_hex(digits_of("\"pdq\":\""))) entry.pdq = *pdq;
  fill("\"md5\":\"", entry.md5);
  fill("\"sha1\":\"", entry.sha1);
  fill("\"sha256\":\"", entry.sha256);
  return entry;
}

std::string to_text(std::span<const NumberRange> ranges) {
  std::string text;
  for (const NumberRange& range : ranges) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

Result<std::vector<NumberRange>> parse_ranges(std::string_view text) {
  const Error bad{Code::invalid_argument, "entries are named by their numbers, ascending: 1-5,9"};
  std::vector<NumberRange> ranges;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto number = [&](std::int64_t& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < 1) return false;
    at = next;
    return true;
  };
  for (;;) {
    NumberRange range;
    if (!number(range.first)) return bad;
    range.last = range.first;
    if (at != end && *at == '-') {
      ++at;
      if (!number(range.last)) return bad;
    }
    if (range.last < range.first || (!ranges.empty() && range.first <= ranges.back().last)) return bad;
    ranges.push_back(range);
    if (ranges.size() > ranges_max) return Error{Code::too_large, "over 10,000 ranges of entries at once"};
    if (at == end) return ranges;
    if (*at++ != ',') return bad;
  }
}

Result<ListId> list_in(const Json& body) {
  ListId list{};
  const Json* const member = body.find("list");
  if (member == nullptr || member->text() == nullptr || !from_hex(*member->text(), list)) {
    return wrong("\"list\" is the id of a list");
  }
  return list;
}

bool says_wrong(std::string_view reason) {
  constexpr std::string_view word = "wrong";
  if (reason.size() < word.size()) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((reason[i] | 0x20) != word[i]) return false;
  }
  return reason.size() == word.size() || !letter(reason[word.size()]);
}

Json EntryStateBody::to_json() const {
  Json body = Json::object({{"list", to_text(list)}, {"entry", number}, {"paused_until", state.paused_until_ms}});
  if (state.note) body.members()->emplace("note", *state.note);
  return body;
}

Result<EntryStateBody> EntryStateBody::from_json(const Json& body) {
  EntryStateBody entry{.list = TRY(list_in(body))};
  const Json* const number = body.find("entry");
  if (number == nullptr || number->integer() == nullptr || *number->integer() < 1) {
    return wrong("\"entry\" is a number from 1");
  }
  entry.number = *number->integer();
  const Json* const until = body.find("paused_until");
  if (until == nullptr || until->integer() == nullptr || *until->integer() < paused_for_good) {
    return wrong("\"paused_until\" is a time, 0 or -1");
  }
  entry.state.paused_until_ms = *until->integer();
  if (body.find("note") != nullptr) entry.state.note = TRY(text_in(body, "note", text_bytes_max));
  return entry;
}

Json WithdrawalBody::to_json() const {
  return Json::object({{"count", count}, {"entries", to_text(entries)}, {"list", to_text(list)}, {"reason", reason}});
}

Result<WithdrawalBody> WithdrawalBody::from_json(const Json& body) {
  const Json* const ranges = body.find("entries");
  if (ranges == nullptr || ranges->text() == nullptr) return wrong("\"entries\" are numbers of entries");
  WithdrawalBody withdrawal;
  withdrawal.list = TRY(list_in(body));
  withdrawal.entries = TRY(parse_ranges(*ranges->text()));
  withdrawal.reason = TRY(text_in(body, "reason", reason_bytes_max));
  if (withdrawal.reason.empty()) return wrong("a withdrawal says why");
  const Json* const count = body.find("count");
  if (count == nullptr || count->integer() == nullptr) return wrong("\"count\" is how many entries are withdrawn");
  withdrawal.count = *count->integer();
  return withdrawal;
}

}  // namespace fristad
