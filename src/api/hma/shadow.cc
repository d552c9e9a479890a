#include "api/hma/shadow.h"

#include <algorithm>
#include <array>

#include "api/hma/content.h"
#include "api/hma/fetch.h"
#include "api/hma/hma_impl.h"
#include "api/hma/lookup.h"
#include "api/hma/media.h"
#include "api/hma/metadata.h"
#include "api/matching.h"

namespace fristad {
namespace {

constexpr std::size_t body_bytes_max = std::size_t{1} << 20;
constexpr std::uint64_t answer_bytes_max = std::uint64_t{64} << 20;

std::string percent_encoded(std::string_view text, std::string_view as_they_are) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       as_they_are.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

// As theirs, without what is of one connection only.
Response passed(HttpAnswer answer) {
  Response response{.status = answer.status, .body = std::move(answer.body)};
  for (const char* const name : {"Content-Type", "Location", "Retry-After"}) {
    const std::string_view value = answer.headers.find(name);
    if (!value.empty()) response.headers.add(name, std::string(value));
  }
  return response;
}

Response unreachable() {
  return hma_message(502, "the HMA behind this address doesn't answer");
}

Result<std::string> read_body(HmaCall& call) {
  std::string body;
  std::array<char, 16 * 1024> piece{};
  while (const std::size_t got = TRY(call.request.body->read(piece))) {
    body.append(piece.data(), got);
    if (body.size() > body_bytes_max) return Error{Code::too_large, "Content too large"};
  }
  return body;
}

HttpCall as_asked(const HmaCall& call, std::string body) {
  HttpCall sent{.method = call.request.method, .target = percent_encoded(call.request.path, "/-._~"), .body = {}};
  if (!call.request.query.empty()) sent.target += "?" + call.request.query;
  for (const char* const name : {"Content-Type", "Accept"}) {
    const std::string_view value = call.request.headers.find(name);
    if (!value.empty()) sent.headers.add(name, std::string(value));
  }
  sent.body = std::move(body);
  return sent;
}

std::optional<HmaBag> with_distances_hidden(std::optional<HmaBag> bag) {
  if (!bag) return bag;
  HmaBag hidden;
  for (const auto& [bank, distance] : *bag) hidden.emplace(bank, "-");
  return hidden;
}

// Banks whose answer is a matter of luck.
void leave_out(HmaBag& bag, const HmaBankSet& banks) {
  std::erase_if(bag, [&](const auto& match) {
    const HmaBank* const bank = banks.named(match.first);
    return bank != nullptr && bank->ratio_ppm > 0 && bank->ratio_ppm < whole_ppm;
  });
}

std::optional<Json> json_of(const HttpAnswer& answer) {
  if (answer.status != 200) return std::nullopt;
  auto parsed = parse_json(answer.body, {.bytes_max = answer_bytes_max, .depth_max = 16, .reals = true});
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

// Looks the signal up here and compares. The answer is theirs, whatever comes of it.
void compare_lookup(HmaCall& call, const Query& query, HmaLookup what, const std::optional<Json>& theirs) {
  HmaShadow& shadow = *call.hma.shadow;
  const auto banks = call.hma.banks.all();
  const auto found = look_up(call, query, what);
  auto their_bag = theirs ? bag_of_banks(*theirs) : std::nullopt;
  if (!banks || !found || !their_bag) return shadow.note({});
  if (!sees_details(call.call)) their_bag = with_distances_hidden(std::move(their_bag));
  HmaBag our_bag;
  for (const HmaMatch& match : *found) our_bag.emplace(match.bank, match.distance);
  leave_out(our_bag, **banks);
  leave_out(*their_bag, **banks);
  shadow.note(difference(our_bag, *their_bag));
}

// The same question by a signal, for a file that stays here.
HttpCall by_signal(const HmaCall& call, std::string_view type, std::string_view signal) {
  HttpCall sent{.target =
                    "/m/lookup?signal=" + percent_encoded(signal, "") + "&signal_type=" + percent_encoded(type, "_")};
  for (const char* const name : {"banks", "seed", "bypass_coinflip"}) {
    if (const std::string* const value = call.query(name)) {
      sent.target.append("&").append(name).append("=").append(percent_encoded(*value, "-._~"));
    }
  }
  return sent;
}

}  // namespace

// ---- Comparing ----

HmaDifference difference(const HmaBag& ours, const HmaBag& theirs) {
  HmaBag only_ours;
  HmaBag only_theirs;
  std::ranges::set_difference(ours, theirs, std::inserter(only_ours, only_ours.end()));
  std::ranges::set_difference(theirs, ours, std::inserter(only_theirs, only_theirs.end()));
  return {.more = std::ssize(only_ours), .fewer = std::ssize(only_theirs)};
}

namespace {

// Of an array of matches; false: it is none.
bool add_matches(HmaBag& bag, const std::string& bank, const Json& matches) {
  if (matches.array() == nullptr) return false;
  for (const Json& match : *matches.array()) {
    if (match.integer() != nullptr) {
      bag.emplace(bank, "");
      continue;
    }
    const Json* const distance = match.find("distance");
    if (distance == nullptr || distance->text() == nullptr) return false;
    bag.emplace(bank, *distance->text());
  }
  return true;
}

}  // namespace

std::optional<HmaBag> bag_of_banks(const Json& answer) {
  if (answer.members() == nullptr) return std::nullopt;
  HmaBag bag;
  for (const auto& [bank, matches] : *answer.members()) {
    if (!add_matches(bag, bank, matches)) return std::nullopt;
  }
  return bag;
}

std::optional<HmaBag> bag_of_matches(const Json& answer) {
  const Json* const matches = answer.find("matches");
  HmaBag bag;
  if (matches == nullptr || !add_matches(bag, "", *matches)) return std::nullopt;
  return bag;
}

Result<std::unique_ptr<HmaShadow>> HmaShadow::make(const std::string& url, Metrics& metrics, const Log& log) {
  HttpTarget at = TRY(HttpTarget::parse(url));
  at.path = at.path.substr(0, at.path.find('?'));
  while (at.path.ends_with('/')) at.path.pop_back();
  return std::unique_ptr<HmaShadow>(new HmaShadow(std::move(at), metrics, log));
}

Result<HttpAnswer> HmaShadow::send(HttpCall call) {
  std::optional<HttpClient> client;
  // What isn't sent a second time gets a connection that can't have been closed meanwhile.
  if (call.method == Method::get) {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      client.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  if (!client) {
    client.emplace(
        HttpClientOptions{.host = at_.host, .port = at_.port, .tls = at_.tls, .body_bytes_max = answer_bytes_max});
  }
  call.target.insert(0, at_.path);
  auto answer = client->send(call);
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < idle_max) idle_.push_back(*std::move(client));
  return answer;
}

void HmaShadow::note(const std::optional<HmaDifference>& found) {
  if (!found) {
    ++metrics_.shadow_failed;
    return;
  }
  if (found->more == 0 && found->fewer == 0) {
    ++metrics_.shadow_same;
    return;
  }
  // What we lack is the graver of the two.
  ++(found->fewer > 0 ? metrics_.shadow_fewer : metrics_.shadow_more);
  log_.info("hma_shadow", {{"more", found->more}, {"fewer", found->fewer}});
}

// ---- Answering ----

Result<Response> pass_on(HmaCall& call) {
  auto answer = call.hma.shadow->send(as_asked(call, TRY(read_body(call))));
  return answer ? passed(*std::move(answer)) : unreachable();
}

Result<Response> pass_on_url(HmaCall& call) {
  if (const std::string* const url = call.query("url"); url != nullptr && !url->empty()) {
    TRY(check_url(*url, call.hma.options.url_hosts));
  }
  return pass_on(call);
}

Result<Response> shadow_lookup(HmaCall& call) {
  const std::string* const signal = call.query("signal");
  const std::string* const type = call.query("signal_type");
  const std::string* const url = call.query("url");
  if ((url != nullptr && !url->empty()) || signal == nullptr || type == nullptr) return pass_on_url(call);
  const auto query = signal_asked(*type, *signal);
  if (!query) return pass_on(call);
  if (auto refused = over_quota(call)) return *std::move(refused);
  auto answer = call.hma.shadow->send(as_asked(call, {}));
  // HMA doesn't heed "bypass_coinflip" here.
  compare_lookup(call, *query, HmaLookup::answer, answer ? json_of(*answer) : std::nullopt);
  if (call.probing) return Error{Code::permission_denied, "too many questions lay close around this one"};
  return answer ? passed(*std::move(answer)) : unreachable();
}

Result<Response> shadow_lookup_file(HmaCall& call) {
  const HmaMedia media = TRY(read_media(call));
  const auto& [type, signal] = *media.signals.begin();
  const Query query = TRY(signal_asked(type, signal));
  if (auto refused = over_quota(call)) return *std::move(refused);
  auto answer = call.hma.shadow->send(by_signal(call, type, signal));
  const auto theirs = answer ? json_of(*answer) : std::nullopt;
  compare_lookup(call, query, HmaLookup::answer, theirs);
  if (call.probing) return Error{Code::permission_denied, "too many questions lay close around this one"};
  if (theirs) return hma_json(200, Json::object({{type, *theirs}}));
  return answer ? passed(*std::move(answer)) : unreachable();
}

Result<Response> shadow_raw_lookup(HmaCall& call) {
  const std::string* const signal = call.query("signal");
  const std::string* const type = call.query("signal_type");
  const auto with_distance = call.truth("include_distance", false);
  if (signal == nullptr || type == nullptr || !with_distance) return pass_on(call);
  const auto query = signal_asked(*type, *signal);
  if (!query) return pass_on(call);
  if (auto refused = over_quota(call)) return *std::move(refused);
  auto answer = call.hma.shadow->send(as_asked(call, {}));
  const auto theirs = answer ? json_of(*answer) : std::nullopt;
  const auto their_bag = theirs ? bag_of_matches(*theirs) : std::nullopt;
  const auto found = look_up(call, *query, HmaLookup::raw);
  if (found && their_bag) {
    HmaBag our_bag;
    for (const HmaMatch& match : *found) our_bag.emplace("", *with_distance ? match.distance : "");
    call.hma.shadow->note(difference(our_bag, *their_bag));
  } else {
    call.hma.shadow->note({});
  }
  return answer ? passed(*std::move(answer)) : unreachable();
}

// A file is hashed here, and its signals are added there. That route of HMA takes a note, but no metadata.
Result<Response> shadow_add_content(HmaCall& call) {
  if (!is_form(call)) return pass_on_url(call);
  const HmaDraft draft = TRY(read_draft(call));
  if (!draft.metadata.empty()) {
    return hma_message(501,
                       "in shadow mode files stay here, and HMA takes no metadata with signals: leave it out, or send "
                       "this to the HMA itself");
  }
  Json::Object sent = *to_json(draft.media->signals).members();
  if (!draft.note.empty()) sent.emplace("note", draft.note);
  HttpCall add{.method = Method::post,
               .target = "/c/bank/" + percent_encoded(call.request.parameter("bank_name"), "-._~") + "/signal",
               .body = canonical(Json(std::move(sent)))};
  add.headers.add("Content-Type", "application/json");
  auto answer = call.hma.shadow->send(std::move(add));
  return answer ? passed(*std::move(answer)) : unreachable();
}

}  // namespace fristad
