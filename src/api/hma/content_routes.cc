// /c/bank/.../content and /signal: what is in a bank.

#include <array>
#include <charconv>
#include <cmath>

#include "api/hma/content.h"
#include "api/hma/hma_impl.h"
#include "api/hma/media.h"
#include "api/hma/metadata.h"
#include "api/hma/shadow.h"

namespace fristad {
namespace {

constexpr std::int64_t five_years_s = std::int64_t{5} * 365 * 86'400;

Error wrong(std::string what) {
  return {Code::invalid_argument, std::move(what)};
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

// ---- Adding ----

Result<Response> add_signals(HmaCall& call, const HmaBank& bank, const HmaSignals& signals, EntryBody entry) {
  if (signals.empty()) return wrong("No signals given");
  HmaSignals kept;
  for (const auto& [type, text] : signals) {
    if (!is_hma_signal(type)) return wrong("No such signal type " + type);
    const auto query = hma_query(type, text);
    if (!query) return wrong("Invalid " + type + " signal: " + query.error().message);
    set_signal(entry, *query);
    kept.emplace(type, signal_text(*query));
  }
  const std::int64_t number = TRY(call.material().add_entries(call.actor(), bank.list, {&entry, 1}));
  return hma_json(200, Json::object({{"id", number}, {"signals", to_json(kept)}}));
}

Result<Response> add_content(HmaCall& call) {
  const HmaBank bank = TRY(call.bank_of_ours());
  HmaDraft draft = TRY(read_draft(call));
  EntryBody entry{.note = draft.note};
  entry.context = TRY(context_of(draft.metadata));
  return add_signals(call, bank, draft.media->signals, std::move(entry));
}

Result<Response> add_signal(HmaCall& call) {
  const HmaBank bank = TRY(call.bank_of_ours());
  const Json& sent = *TRY(call.json());
  if (sent.members() == nullptr) return wrong("No signals given");
  EntryBody entry;
  HmaSignals signals;
  for (const auto& [name, value] : *sent.members()) {
    if (name == "note") {
      entry.note = TRY(note_of(value));
    } else if (value.text() != nullptr) {
      signals.emplace(name, *value.text());
    } else {
      return wrong(is_hma_signal(name) ? "Invalid " + name + " signal: it isn't a string"
                                       : "No such signal type " + name);
    }
  }
  return add_signals(call, bank, signals, std::move(entry));
}

// ---- One content ----

// nullopt: the path names none, for a route of Flask takes digits only.
std::optional<std::int64_t> content_id(const HmaCall& call) {
  const std::string_view digits = call.request.parameter("content_id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  const bool whole = error == std::errc() && end == digits.data() + digits.size() && !digits.starts_with('-');
  return whole && id < std::int64_t{1} << 50 ? std::optional(id) : std::nullopt;
}

Result<EntryView> content_of(const HmaCall& call, const HmaBank& bank, std::int64_t id) {
  auto entry = call.material().entry(bank.list, id);
  if (entry && !entry->withdrawn) return entry;
  if (!entry && entry.error().code != Code::not_found && entry.error().code != Code::permission_denied) return entry;
  return Error{Code::not_found, "content '" + std::to_string(id) + "' not found"};
}

Result<Response> show_content(HmaCall& call) {
  const auto id = content_id(call);
  if (!id) return hma_page(404);
  const HmaBank bank = TRY(call.bank());
  const EntryView entry = TRY(content_of(call, bank, *id));
  Json::Object shown{{"bank", to_json(bank)},
                     {"disable_until_ts", disable_until_ts(entry.paused_until_ms)},
                     {"id", *id},
                     {"original_media_uri", Json()}};
  const HmaSignals signals = signals_of(entry.body);
  if (call.truth("include_signals", false).value_or(false) && bank.tells_signals() && !signals.empty()) {
    shown.emplace("signals", to_json(signals));
  }
  const Json metadata = shown_metadata(entry.body.context, true);
  if (call.truth("include_metadata", true).value_or(true) && !metadata.is_null()) shown.emplace("metadata", metadata);
  if (!entry.body.note.empty()) shown.emplace("note", entry.body.note);
  return hma_json(200, Json(std::move(shown)));
}

// As Python's int() takes it.
Result<std::int64_t> whole_number(const Json& value) {
  if (value.integer() != nullptr) return *value.integer();
  if (value.truth() != nullptr) return *value.truth() ? 1 : 0;
  if (value.real() != nullptr && std::fabs(*value.real()) < 1e15) return static_cast<std::int64_t>(*value.real());
  if (value.text() == nullptr) return wrong("Invalid int: '" + flask_text(value) + "'");
  const std::string& text = *value.text();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return wrong("Invalid int: '" + text + "'");
  return number;
}

// What of the state is to be set.
struct StateChange {
  std::optional<std::int64_t> paused_until_ms = {};
  std::optional<std::string> note = {};
};

Result<StateChange> state_change(const HmaCall& call, const Json& sent) {
  if (sent.members() == nullptr) return wrong("Request input was not a dict");
  StateChange change;
  if (const Json* const until = sent.find("disable_until_ts")) {
    const std::int64_t seconds = TRY(whole_number(*until));
    if (seconds < 0) return wrong("disable_until_ts must be a non-negative integer");
    if (seconds > call.hma.api.parts.clock.utc_ms() / 1000 + five_years_s) {
      return wrong("disable_until_ts must be less than 5 years in the future");
    }
    change.paused_until_ms = paused_until_ms(seconds);
  }
  if (const Json* const note = sent.find("note")) change.note = TRY(note_of(*note));
  return change;
}

Result<Response> change_content(HmaCall& call) {
  const auto id = content_id(call);
  if (!id) return hma_page(404);
  const HmaBank bank = TRY(call.bank_of_ours());
  TRY(content_of(call, bank, *id));
  const StateChange change = TRY(state_change(call, *TRY(call.json())));
  if (change.paused_until_ms || change.note) {
    TRY(call.material().revise_entry(call.actor(), bank.list, *id, [&](EntryState& state) -> Status {
      if (change.paused_until_ms) state.paused_until_ms = *change.paused_until_ms;
      if (change.note) state.note = *change.note;
      return {};
    }));
  }
  const EntryView entry = TRY(content_of(call, bank, *id));
  return hma_json(200, Json::object({{"bank", to_json(bank)},
                                     {"collab_metadata", Json::object()},
                                     {"disable_until_ts", disable_until_ts(entry.paused_until_ms)},
                                     {"id", *id},
                                     {"note", text_or_null(entry.body.note)},
                                     {"original_media_uri", Json()},
                                     {"user_metadata", shown_metadata(entry.body.context, false)}}));
}

Result<Response> delete_content(HmaCall& call) {
  const auto id = content_id(call);
  if (!id) return hma_page(404);
  const HmaBank bank = TRY(call.bank_of_ours());
  const auto deleted = [](int count) { return hma_json(200, Json::object({{"deleted", count}})); };
  if (const auto entry = content_of(call, bank, *id); !entry) {
    if (entry.error().code == Code::not_found) return deleted(0);
    return entry.error();
  }
  const NumberRange range{*id, *id};
  const auto withdrawn =
      call.material().withdraw(call.actor(), bank.list, {&range, 1}, "deleted by a client of the HMA drop-in");
  if (withdrawn) return deleted(1);
  // Somebody else was faster.
  if (withdrawn.error().code == Code::conflict) return deleted(0);
  return withdrawn.error();
}

constexpr std::array routes{
    HmaRoute{.at = {.method = Method::post,
                    .pattern = "/c/bank/{bank_name}/content",
                    .right = Right::curate_banks,
                    .summary = "Add a file, or what a URL names, to a bank",
                    .limits = hma_upload_limits},
             .handle = add_content,
             .shadowed = shadow_add_content},
    HmaRoute{.at = {.method = Method::get,
                    .pattern = "/c/bank/{bank_name}/content/{content_id}",
                    .right = Right::curate_banks,
                    .summary = "A content"},
             .handle = show_content},
    HmaRoute{.at = {.method = Method::put,
                    .pattern = "/c/bank/{bank_name}/content/{content_id}",
                    .right = Right::curate_banks,
                    .summary = "Let a content rest, or change its note"},
             .handle = change_content},
    HmaRoute{.at = {.method = Method::del,
                    .pattern = "/c/bank/{bank_name}/content/{content_id}",
                    .right = Right::curate_banks,
                    .summary = "Withdraw a content"},
             .handle = delete_content},
    HmaRoute{.at = {.method = Method::post,
                    .pattern = "/c/bank/{bank_name}/signal",
                    .right = Right::curate_banks,
                    .summary = "Add signals to a bank"},
             .handle = add_signal},
};

}  // namespace

std::span<const HmaRoute> hma_content_routes() {
  return routes;
}

}  // namespace fristad
