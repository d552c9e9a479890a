// A member of an alliance that lies, as a process of its own: its real folder, keys and TLS, and answers that no honest
// program gives. What it is shown to is the real program.
//
//   lying_member FOLDER KEY-FILE ADDRESS:PORT
//
// Commands come line by line, and each is answered by a line "ok ..." or "bad ...":
//   lie NAME [CODE]       from now on, to all or to that member alone; "truth" ends it
//   lies, forgeries       their names
//   served CODE           how often it has told the lie to that member, since the last change of lie or log
//   cosignatures          how many it has of the head that it shows
//   receipt-of CODE       how much of its log that member says that it has
//   forge NAME            writes a record that no program writes; "grow N": until there are N
//   add LIST PDQ...       writes entries as they should be, each as a record
//   old-keys              signs with the first keys that the node had
//   poke CODE             tells that member to come and read: nobody is told otherwise
//   ask CODE QUESTION [BODY]   gives the status; "@N" is a body of N bytes
//   receipt CODE SIZE [NAME]   the same, for that much of its log; signed by a stranger, or of another log

#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>

#include "alliance/alliance.h"
#include "base/hex.h"
#include "base/try.h"
#include "federation/answers.h"
#include "federation/ledger.h"
#include "http/client.h"
#include "http/server.h"
#include "node/node.h"
#include "node/node_keys.h"
#include "node/node_settings.h"
#include "tests/support/lies.h"
#include "tests/support/lying_log.h"

namespace fristad::testing {
namespace {

constexpr std::string_view path_start = "/federation/v1/";

// ---- The member ----

class LyingMember {
 public:
  static Result<std::unique_ptr<LyingMember>> start(const NodeOpen& open, const std::string& address,
                                                    std::uint16_t port);
  Result<std::string> command(std::istringstream& words);

 private:
  explicit LyingMember(std::unique_ptr<Node> node) : node_(std::move(node)) {}

  Response answer(const TlsKey& key, Question question, std::string_view body);
  Result<std::string> told(const std::string& member, Question question, std::string_view body, const Lie* lie);
  std::optional<std::string> owner_of(const TlsKey& key) const;
  PinnedTls pinned() const;
  Result<std::string> ask(const std::string& member, std::string_view question, std::string body);
  Result<std::string> receipt(const std::string& member, std::uint64_t size, std::string_view wrong);
  Status begin(const std::string& name, const std::string& member);
  void show();

  std::unique_ptr<Node> node_;
  NodeKeys keys_;
  std::unique_ptr<Answers> answers_;
  std::mutex mutex_;  // of all that follows
  std::optional<LyingLog> log_;
  std::optional<LyingLog> shown_;  // the history of the lie
  const Lie* lie_ = nullptr;
  std::string to_;  // whom it is told; empty: all
  std::map<std::string, int> served_;
  std::map<std::string, std::uint64_t> receipts_;
  std::map<std::string, std::vector<std::string>> cosignatures_;             // by the note that they are of
  std::map<std::pair<std::string, Question>, std::string> first_;            // what it said first
  std::map<std::string, std::unique_ptr<HttpClient>, std::less<>> clients_;  // of the thread that takes commands
  std::unique_ptr<HttpServer> server_;                                       // ends first
};

Result<std::unique_ptr<LyingMember>> LyingMember::start(const NodeOpen& open, const std::string& address,
                                                        std::uint16_t port) {
  const NodeSeams seams{.clock = system_clock(), .random = system_random()};
  std::unique_ptr<LyingMember> member(new LyingMember(TRY(Node::open(open, seams))));
  const Key credential = TRY(read_credential(TRY(read_settings(open.folder)), open, seams));
  member->keys_ = TRY(read_node_keys(open.folder + "/keys.sealed", credential));
  Node& node = *member->node_;
  JournalKeys keys = member->keys_.for_journal();
  LyingKeys signing{.record = std::move(keys.record_key), .log = std::move(keys.log_key)};
  for (LaterKeys& later : keys.later) {
    if (later.agreed) signing = {.record = std::move(later.record_key), .log = std::move(later.log_key)};
  }
  member->answers_ =
      std::make_unique<Answers>(node.journal(), node.alliance(), node.ledger(), AnswersOptions{.clock = seams.clock});
  member->log_.emplace(node.journal(), node.alliance().under(), std::move(signing));
  TRY(member->log_->follow());

  Router router;
  for (std::size_t i = 0; i < question_count; ++i) {
    const auto question = static_cast<Question>(i);
    router.add({.method = Method::post,
                .pattern = std::string(path_start) + std::string(to_text(question)),
                .handler = [to = member.get(), question](Request& request) {
                  const auto body = request.read_all();
                  return to->answer(request.peer.key.value_or(TlsKey{}), question, body.value_or(""));
                }});
  }
  HttpServerOptions options{.address = address, .port = port};
  options.pinned = member->pinned();
  member->server_ = TRY(HttpServer::start(options, std::move(router), {.clock = seams.clock}));
  return member;
}

PinnedTls LyingMember::pinned() const {
  PinnedTls made{.trusts = [](const TlsKey&, std::string_view) { return true; }};
  std::ranges::copy(keys_.tls_now().bytes(), made.seed.begin());
  return made;
}

std::optional<std::string> LyingMember::owner_of(const TlsKey& key) const {
  for (const auto& [code, member] : node_->alliance().membership()->state->members) {
    if (member.card.key(KeyPurpose::tls).key == key) return code;
  }
  return std::nullopt;
}

Response LyingMember::answer(const TlsKey& key, Question question, std::string_view body) {
  const auto member = owner_of(key);
  if (!member) return Response::text(403, "");
  const std::scoped_lock lock(mutex_);
  const Lie* const lie = lie_ != nullptr && (to_.empty() || to_ == *member) ? lie_ : nullptr;
  auto told_it = told(*member, question, body, lie);
  if (!told_it) return Response::text(500, std::string(to_string(told_it.error().code)));
  Response response = Response::text(200, *told_it);
  if (lie == nullptr) {
    first_.try_emplace({*member, question}, *told_it);
  } else if (lie->again && lie->at == question) {
    const auto before = first_.find({*member, question});
    if (before != first_.end()) {
      response.body = before->second;
      ++served_[*member];
    }
  } else if (lie->at == question) {
    lie->bytes(response);
    ++served_[*member];
  }
  return response;
}

// Everything but the bytes: see Lie.
Result<std::string> LyingMember::told(const std::string& member, Question question, std::string_view body,
                                      const Lie* lie) {
  const LyingLog& log = lie != nullptr && shown_ ? *shown_ : *log_;
  const auto changed = [&](const auto& change, auto&&... what) {
    if (lie == nullptr || !(lie->*change)) return;
    (lie->*change)(what...);
    ++served_[member];
  };
  const auto scopes = [&]() -> Result<ScopesAnswer> {
    auto all = TRY(ScopesAnswer::decode(TRY(answers_->answer(member, Question::scopes, ""))));
    log_->add_to(all);
    if (lie != nullptr && lie->scopes) lie->scopes(all);
    return all;
  };
  switch (question) {
    case Question::head: {
      HeadAnswer answer = TRY(HeadAnswer::decode(TRY(answers_->answer(member, question, body))));
      const std::string note = log.head();
      answer.head = {.note = note, .cosignatures = cosignatures_[note]};
      answer.cosigned.reset();
      answer.scopes = TRY(scopes()).digest();
      changed(&Lie::head, log, answer);
      if (lie != nullptr && lie->history) ++served_[member];
      return answer.encode();
    }
    case Question::leaves: {
      const LeavesRequest request = TRY(LeavesRequest::decode(body));
      std::vector<LeafBytes> leaves = log.leaves(request.from, request.to);
      if (!leaves.empty()) changed(&Lie::leaves, leaves);
      return encode_leaves(leaves);
    }
    case Question::scopes: {
      if (lie != nullptr && lie->scopes) ++served_[member];
      return TRY(scopes()).encode();
    }
    case Question::parcels: {
      const ParcelsRequest request = TRY(ParcelsRequest::decode(body));
      if (!TRY(scopes()).last.contains(request.scope)) return Error{Code::permission_denied, ""};
      std::vector<Parcel> parcels = TRY(log_->parcels(request.scope, request.from));
      if (!parcels.empty()) changed(&Lie::parcels, parcels);
      return encode_parcels(parcels);
    }
    case Question::cosignature: cosignatures_[log.head()].emplace_back(body); return std::string();
    case Question::receipt: {
      const AllianceMember* const reader = node_->alliance().membership()->state->find(member);
      receipts_[member] = TRY(Receipt::read(body, reader->card.key(KeyPurpose::record).key)).size;
      return std::string();
    }
    default: return answers_->answer(member, question, body);
  }
}

// ---- Commands ----

Status LyingMember::begin(const std::string& name, const std::string& member) {
  const auto found = std::ranges::find(lies(), name, &Lie::name);
  if (found == lies().end()) return Error{Code::not_found, "there is no lie \"" + name + "\""};
  lie_ = &*found;
  to_ = member;
  return {};
}

// After each change of the log or of the lie.
void LyingMember::show() {
  served_.clear();
  shown_.reset();
  if (lie_ == nullptr || !lie_->history) return;
  shown_.emplace(*log_);
  lie_->history(*shown_);
}

Result<std::string> LyingMember::ask(const std::string& member, std::string_view question, std::string body) {
  const auto now = node_->alliance().membership();
  const AllianceMember* const to = now->state->find(member);
  if (to == nullptr) return Error{Code::not_found, "there is no member " + member};
  auto& client = clients_[member];
  if (!client) {
    const HttpTarget target = TRY(HttpTarget::parse(to->card.address));
    HttpClientOptions options{.host = target.host, .port = target.port, .tls = true};
    options.pinned = pinned();
    client = std::make_unique<HttpClient>(std::move(options));
  }
  const auto answer = client->send(
      {.method = Method::post, .target = std::string(path_start) + std::string(question), .body = std::move(body)});
  return std::to_string(TRY(answer).status);
}

Result<std::string> LyingMember::receipt(const std::string& member, std::uint64_t size, std::string_view wrong) {
  Receipt receipt{.reader = node_->member(), .origin = shared_origin_of(member), .size = size};
  if (wrong == "log") receipt.origin = log_->origin();
  if (wrong == "reader") receipt.reader = "us";
  const SigningKey key = wrong == "stranger" ? stranger() : SigningKey::from_seed(keys_.record_now());
  return ask(member, to_text(Question::receipt),
             receipt.sign(key.public_key(), [&](Bytes message) { return key.sign(message); }));
}

Result<std::string> LyingMember::command(std::istringstream& words) {
  std::string what, name, second, third;
  words >> what >> name >> second >> std::ws;
  std::getline(words, third);
  const auto listed = [](const auto& all, const auto& name_of) {
    std::string text;
    for (const auto& each : all) text += std::string(text.empty() ? "" : " ") + std::string(name_of(each));
    return text;
  };
  if (what == "lies") return listed(lies(), [](const Lie& lie) { return lie.name; });
  if (what == "forgeries") return listed(LyingLog::forgeries(), [](std::string_view each) { return each; });
  if (what == "poke") return ask(name, to_text(Question::poke), "");
  if (what == "receipt") return receipt(name, std::stoull(second), third);
  if (what == "ask") {
    const bool sized = third.starts_with('@');
    return ask(name, second, sized ? std::string(std::stoul(third.substr(1)), ' ') : third);
  }
  const std::scoped_lock lock(mutex_);
  if (what == "lie") {
    TRY(begin(name, second));
  } else if (what == "truth") {
    lie_ = nullptr;
  } else if (what == "served") {
    return std::to_string(served_[name]);
  } else if (what == "cosignatures") {
    return std::to_string(cosignatures_[(shown_ ? *shown_ : *log_).head()].size());
  } else if (what == "receipt-of") {
    return std::to_string(receipts_[name]);
  } else if (what == "forge") {
    TRY(log_->forge(name));
  } else if (what == "grow") {
    TRY(log_->grow(std::stoull(name)));
  } else if (what == "old-keys") {
    JournalKeys keys = keys_.for_journal();
    log_->set_keys({.record = std::move(keys.record_key), .log = std::move(keys.log_key)});
  } else if (what == "add") {
    const auto all = TRY(node_->material().lists());
    const auto list = std::ranges::find_if(all, [&](const ListInfo& one) { return to_hex(one.id).starts_with(name); });
    if (list == all.end()) return Error{Code::not_found, "there is no list \"" + name + "\""};
    std::istringstream values(second + " " + third);
    for (std::string value; values >> value;) {
      const EntryBody entry{.pdq = TRY(PdqHash::from_hex(value)), .classification = Classification::baseline};
      TRY(node_->material().add_entries("local-admin", list->id, {&entry, 1}));
    }
    TRY(log_->follow());
  } else {
    return Error{Code::not_found, "there is no command \"" + what + "\""};
  }
  show();
  return std::to_string(log_->size());
}

}  // namespace
}  // namespace fristad::testing

int main(int count, char** arguments) {
  if (count != 4) {
    std::cerr << "usage: lying_member FOLDER KEY-FILE ADDRESS:PORT\n";
    return 2;
  }
  const std::string at = arguments[3];
  const std::size_t colon = at.rfind(':');
  auto member =
      fristad::testing::LyingMember::start({.folder = arguments[1], .key_file = arguments[2]}, at.substr(0, colon),
                                           static_cast<std::uint16_t>(std::stoul(at.substr(colon + 1))));
  if (!member) {
    std::cerr << "lying_member: " << member.error().message << '\n';
    return 1;
  }
  std::cout << "ok" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    const auto done = (*member)->command(words);
    std::cout << (done ? "ok " + *done : "bad " + done.error().message) << std::endl;
  }
}
