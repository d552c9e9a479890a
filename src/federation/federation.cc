#include "federation/federation.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/try.h"
#include "federation/answers.h"
#include "federation/peer_loop.h"
#include "federation/peers.h"
#include "http/client.h"
#include "http/server.h"

namespace fristad {
namespace {

constexpr std::string_view path_start = "/federation/v1/";
constexpr int handler_threads = 8;
constexpr std::size_t connections_max = 2000;
constexpr std::int64_t farewell_ms = 2000;

struct Meaning {
  Code code;
  int status;
};
constexpr std::array meanings{
    Meaning{Code::permission_denied, 403}, Meaning{Code::not_found, 404},         Meaning{Code::conflict, 409},
    Meaning{Code::too_large, 413},         Meaning{Code::damaged, 400},           Meaning{Code::invalid_argument, 422},
    Meaning{Code::unavailable, 503},       Meaning{Code::deadline_exceeded, 504}, Meaning{Code::internal, 500},
};

// The code says it all: a message might tell what isn't for the caller.
Response refusal(const Error& error) {
  const auto* const at = std::ranges::find(meanings, error.code, &Meaning::code);
  return Response::text(at == meanings.end() ? 500 : at->status, std::string(to_string(error.code)) + "\n");
}

Error what_it_says(std::string_view member, int status) {
  const auto* const at = std::ranges::find(meanings, status, &Meaning::status);
  const Code code = at == meanings.end() ? Code::unavailable : at->code;
  std::string message = std::string(member) + " answers " + std::to_string(status) + ", " + to_string(code);
  if (code == Code::permission_denied) message += ": it doesn't hold us for an active member, as far as it has read";
  return {code, std::move(message)};
}

// Questions to one member, over a connection that is kept.
class Line {
 public:
  Line(std::string member, const std::string& address, const FederationOptions& options, PinnedTls pinned)
      : member_(std::move(member)) {
    // A card's address is a URL of https.
    const auto target = HttpTarget::parse(address);
    HttpClientOptions client{.host = target ? target->host : "", .port = target ? target->port : std::uint16_t{0}};
    client.tls = true;
    client.answer_ms = options.answer_ms;
    client.body_bytes_max = answer_bytes_max;
    client.pinned = std::move(pinned);
    client_.emplace(std::move(client));
  }

  Result<std::string> ask(Question question, std::string_view body) {
    HttpAnswer answer = TRY(client_->send({.method = Method::post,
                                           .target = std::string(path_start) + std::string(to_text(question)),
                                           .headers = {},
                                           .body = std::string(body)}));
    if (answer.status != 200) return what_it_says(member_, answer.status);
    return std::move(answer.body);
  }
  void cancel() { client_->cancel(); }

 private:
  const std::string member_;
  std::optional<HttpClient> client_;
};

}  // namespace

struct Federation::Impl : std::enable_shared_from_this<Federation::Impl> {
  Impl(Journal& of, Alliance& in, Ledger& keeps, Reader& reads, const Log& says, FederationOptions chosen)
      : journal(of), alliance(in), ledger(keeps), reader(reads), log(says), options(std::move(chosen)) {
    identity = std::move(options.identity);
  }

  Status open();
  Response answer(const TlsKey& key, Question question, std::string_view body);
  // Whose key that is, as far as we know by ourselves or by what was shown beside it.
  std::optional<std::string> owner_of(const TlsKey& key) const;
  bool believes(const TlsKey& key, std::string_view statement);
  PinnedTls pinned(std::function<bool(const TlsKey&, std::string_view)> trusts) const;
  void renew();

  // Starts and ends the loops as members come and go.
  void manage(const std::stop_token& stop);
  void meet();
  std::unique_ptr<PeerLoop> loop_for(const Card& card);
  void heard(std::span<const Record> records);
  void announce();
  void read_now(std::string_view member);
  void look_again();

  Journal& journal;
  Alliance& alliance;
  Ledger& ledger;
  Reader& reader;
  const Log& log;
  FederationOptions options;
  TlsIdentity identity;  // of whoever starts us, then of the manager
  std::unique_ptr<Answers> answers;
  std::unique_ptr<HttpServer> server;

  struct Peer {
    std::string address;
    std::unique_ptr<PeerLoop> loop;
  };
  std::mutex peers_mutex;
  std::map<std::string, Peer, std::less<>> peers;

  // Of each member the newest TLS key that only its root key has told us of.
  mutable std::mutex told_mutex;
  std::map<std::string, KeyStatement, std::less<>> told;

  std::mutex manage_mutex;
  std::condition_variable_any manage_changed;
  bool stale = true;
  std::jthread manager;
};

Federation::Federation(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Federation::~Federation() {
  stop();
}

Result<std::unique_ptr<Federation>> Federation::start(Journal& journal, Alliance& alliance, Ledger& ledger,
                                                      Reader& reader, const Log& log, FederationOptions options) {
  auto impl = std::make_shared<Impl>(journal, alliance, ledger, reader, log, std::move(options));
  TRY(impl->open());
  // The journal and the alliance live longer than we do, and keep whom they tell.
  const std::weak_ptr<Impl> weak = impl;
  journal.subscribe([weak](std::span<const Record> records) {
    if (const auto alive = weak.lock()) alive->heard(records);
  });
  alliance.on_change([weak] {
    if (const auto alive = weak.lock()) alive->look_again();
  });
  impl->manager = std::jthread([to = impl.get()](const std::stop_token& stop) { to->manage(stop); });
  return std::unique_ptr<Federation>(new Federation(std::move(impl)));
}

std::uint16_t Federation::port() const {
  return impl_->server->port();
}

void Federation::wake() {
  const std::scoped_lock lock(impl_->peers_mutex);
  for (auto& [member, peer] : impl_->peers) peer.loop->read_now();
}

void Federation::stop() {
  impl_->alliance.on_change({});
  impl_->manager = {};
  std::map<std::string, Impl::Peer, std::less<>> ended;
  {
    const std::scoped_lock lock(impl_->peers_mutex);
    ended.swap(impl_->peers);
  }
  ended.clear();
  if (impl_->server) impl_->server->stop(farewell_ms);
  impl_->server.reset();
}

// ---- Answering ----

Status Federation::Impl::open() {
  AnswersOptions answering{.clock = options.clock};
  answering.on_poke = [this](std::string_view member) { read_now(member); };
  answering.on_cosigned = [this] { announce(); };
  answering.patience_ms = options.patience_ms;
  answers = std::make_unique<Answers>(journal, alliance, ledger, std::move(answering));

  Router router;
  for (std::size_t i = 0; i < question_count; ++i) {
    const auto question = static_cast<Question>(i);
    router.add({.method = Method::post,
                .pattern = std::string(path_start) + std::string(to_text(question)),
                .handler =
                    [this, question](Request& request) {
                      const auto body = request.read_all();
                      if (!body) return refusal(body.error());
                      if (!request.peer.key) return refusal({Code::permission_denied, ""});
                      return answer(*request.peer.key, question, *body);
                    },
                .limits = {.body_bytes = question_bytes_max}});
  }
  HttpServerOptions serving{.address = options.address, .port = options.port};
  serving.handler_threads = handler_threads;
  serving.connections_max = connections_max;
  serving.idle_ms = 2 * options.beat_ms + options.answer_ms;  // a connection outlives the time between two questions
  serving.pinned = pinned([this](const TlsKey& key, std::string_view note) { return believes(key, note); });
  server = TRY(HttpServer::start(serving, std::move(router), {.clock = options.clock}));
  return {};
}

std::optional<std::string> Federation::Impl::owner_of(const TlsKey& key) const {
  const auto now = alliance.membership();
  const auto size = [this](std::string_view member) {
    const auto known = journal.known_log(member);
    return known ? known->head.size : 0;
  };
  if (const auto member = member_with(*now, ledger, size, key); member && *member) return *member;
  const std::scoped_lock lock(told_mutex);
  const auto one = std::ranges::find_if(told, [&](const auto& each) { return each.second.key == key; });
  if (one == told.end()) return std::nullopt;
  // What it had been told of may be known by now, and a later one too.
  const AllianceMember* const known = now->state ? now->state->find(one->first) : nullptr;
  const bool newest = known == nullptr || known->card.key(KeyPurpose::tls).valid_from < one->second.valid_from;
  return newest ? std::optional(one->first) : std::nullopt;
}

bool Federation::Impl::believes(const TlsKey& key, std::string_view statement) {
  if (owner_of(key)) return true;
  const auto newer = newer_key(*alliance.membership(), ledger, key, statement);
  if (!newer || !*newer) return false;
  const std::scoped_lock lock(told_mutex);
  const auto [at, fresh] = told.try_emplace((*newer)->member, **newer);
  if (fresh || at->second.valid_from < (*newer)->valid_from) at->second = **newer;
  return at->second.key == key;
}

PinnedTls Federation::Impl::pinned(std::function<bool(const TlsKey&, std::string_view)> trusts) const {
  PinnedTls made{.note = identity.statement, .trusts = std::move(trusts)};
  std::ranges::copy(identity.seed.bytes(), made.seed.begin());
  return made;
}

Response Federation::Impl::answer(const TlsKey& key, Question question, std::string_view body) {
  const auto member = owner_of(key);
  if (!member) return refusal({Code::permission_denied, ""});
  auto answered = answers->answer(*member, question, body);
  if (!answered) return refusal(answered.error());
  Response response = Response::text(200, *std::move(answered));
  response.headers.set("Content-Type", "application/octet-stream");
  return response;
}

// ---- Reading ----

void Federation::Impl::manage(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(manage_mutex);
      // Now and then anyway: a letter that was accepted introduces others without a record.
      manage_changed.wait_for(lock, stop, std::chrono::milliseconds(options.retry_ms), [&] { return stale; });
      if (stop.stop_requested()) return;
      stale = false;
    }
    renew();
    meet();
  }
}

// Connections that there are go on; the next ones show the new key.
void Federation::Impl::renew() {
  auto next = options.renewed ? options.renewed() : std::nullopt;
  if (!next) return;
  std::swap(identity, *next);
  const Status replaced =
      server->replace_pinned(pinned([this](const TlsKey& key, std::string_view note) { return believes(key, note); }));
  if (!replaced) {
    std::swap(identity, *next);
    return log.error("federation_identity", {{"code", to_string(replaced.error().code)}});
  }
  std::map<std::string, Peer, std::less<>> ended;
  const std::scoped_lock lock(peers_mutex);
  ended.swap(peers);
}

void Federation::Impl::meet() {
  const auto cards = peers_to_read(*alliance.membership(), ledger, journal.member());
  if (!cards) return log.error("federation_peers", {{"code", to_string(cards.error().code)}});
  // Those that go are ended without the lock: their threads may be in the middle of something.
  std::vector<Peer> ended;
  const std::scoped_lock lock(peers_mutex);
  for (auto at = peers.begin(); at != peers.end();) {
    const auto card = cards->find(at->first);
    const bool stays = card != cards->end() && card->second.address == at->second.address;
    if (!stays) ended.push_back(std::move(at->second));
    at = stays ? std::next(at) : peers.erase(at);
  }
  for (const auto& [member, card] : *cards) {
    if (!peers.contains(member)) peers.emplace(member, Peer{.address = card.address, .loop = loop_for(card)});
  }
}

std::unique_ptr<PeerLoop> Federation::Impl::loop_for(const Card& card) {
  const std::string member = card.member;
  const auto line = std::make_shared<Line>(member, card.address, options,
                                           pinned([this, member](const TlsKey& key, std::string_view note) {
                                             return believes(key, note) && owner_of(key) == member;
                                           }));
  PeerLoop::Work work;
  work.ask = [line](Question question, std::string_view body) { return line->ask(question, body); };
  work.read = [this, member, ask = work.ask]() -> Result<Found> {
    const std::int64_t began_ms = options.clock.steady_ms();
    const Pulled pulled = TRY(reader.pull(member, ask));
    log.debug("federation_read", {{"member", member},
                                  {"anything", std::int64_t{pulled.any() ? 1 : 0}},
                                  {"ms", options.clock.steady_ms() - began_ms}});
    if (pulled.quarantined > 0) {
      log.warning("federation_quarantined",
                  {{"member", member}, {"records", static_cast<std::int64_t>(pulled.quarantined)}});
    }
    // Nobody announces that a head has been on offer for long enough.
    return pulled.any() ? Found::something : pulled.complete ? Found::nothing : Found::unfinished;
  };
  work.failed = [this, member](const Error& error) {
    log.warning("federation_failed", {{"member", member}, {"code", to_string(error.code)}});
    static_cast<void>(
        ledger.trouble(member, std::string(to_string(error.code)) + ": " + error.message, options.clock.utc_ms()));
  };
  work.cancel = [line] { line->cancel(); };
  const PeerPace pace{.beat_ms = options.beat_ms,
                      .soon_ms = options.patience_ms,
                      .retry_ms = options.retry_ms,
                      .retry_max_ms = options.retry_max_ms};
  return std::make_unique<PeerLoop>(std::move(work), pace, options.random);
}

void Federation::Impl::heard(std::span<const Record> records) {
  const bool ours = std::ranges::any_of(records, [](const Record& record) { return record.place.log == shared_log; });
  if (ours) announce();
}

void Federation::Impl::announce() {
  const std::scoped_lock lock(peers_mutex);
  for (auto& [member, peer] : peers) peer.loop->announce();
}

void Federation::Impl::read_now(std::string_view member) {
  const std::scoped_lock lock(peers_mutex);
  if (const auto peer = peers.find(member); peer != peers.end()) peer->second.loop->read_now();
}

void Federation::Impl::look_again() {
  const std::scoped_lock lock(manage_mutex);
  stale = true;
  manage_changed.notify_all();
}

}  // namespace fristad
