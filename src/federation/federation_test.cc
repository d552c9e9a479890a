#include "federation/federation.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "federation/federation_fixture.h"
#include "http/client.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::FederationNode;
using testing::random_named;
using testing::seed_named;

// Longer than any test: what comes within it was announced.
constexpr std::int64_t never_ms = 3'600'000;

Key tls_seed(const std::string& code) {
  return seed_named(code + "/" + std::string(to_string(KeyPurpose::tls)));
}
std::string address_of(std::uint16_t port) {
  return "https://127.0.0.1:" + std::to_string(port);
}

// Looks until it is so; what never comes fails after a minute instead of hanging.
void wait_for(const std::string& what, const std::function<bool()>& is_so) {
  for (int looks = 0; looks < 6000; ++looks) {
    if (is_so()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << "never came: " << what;
}

// A port that takes connections and never says a word.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Silence() {
    if (connection_ >= 0) ::close(connection_);
    ::close(socket_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  std::uint16_t port() const { return port_; }
  void wait_for_somebody() { connection_ = accept(socket_, nullptr, nullptr); }

 private:
  int socket_;
  int connection_ = -1;
  std::uint16_t port_ = 0;
};

struct Online {
  explicit Online(const std::string& code, std::int64_t beats_ms = never_ms)
      : node(code, system_clock()), beat_ms(beats_ms), federation(start()) {}

  std::unique_ptr<Federation> start() {
    FederationOptions options{
        .identity = {.seed = tls_seed(node.code)}, .clock = system_clock(), .random = random_named(node.code)};
    options.beat_ms = beat_ms;
    options.retry_ms = 10;
    options.retry_max_ms = 50;
    options.patience_ms = 100;
    options.renewed = [this]() -> std::optional<TlsIdentity> {
      const std::scoped_lock lock(renewing);
      return std::exchange(next_identity, std::nullopt);
    };
    auto started =
        Federation::start(*node.journal, *node.alliance, *node.ledger, *node.reader, log, std::move(options));
    EXPECT_TRUE(started) << started.error().message;
    return *std::move(started);
  }
  std::string address() const { return address_of(federation->port()); }
  void wait_for_note(const std::string& text) {
    wait_for("\"" + text + "\" at " + node.code, [&] { return node.notes().find(text) != std::string::npos; });
  }
  void wait_until_founded() {
    wait_for("the alliance at " + node.code, [&] { return node.alliance->membership()->state.has_value(); });
  }

  FederationNode node;
  const Log log{system_clock(), LogLevel::error, [](std::string_view) {}};
  const std::int64_t beat_ms;
  std::mutex renewing;
  std::optional<TlsIdentity> next_identity;
  std::unique_ptr<Federation> federation;
};

// Another TLS key of that member's, for which `root` speaks.
TlsIdentity second_identity(const std::string& code, std::uint64_t valid_from, const std::string& root = "root") {
  const std::string seed = code + "/tls2";
  auto statement = sign_statement({.member = code,
                                   .purpose = KeyPurpose::tls,
                                   .key = testing::key_named(seed).public_key(),
                                   .valid_from = valid_from},
                                  testing::key_named(code + "/" + root));
  EXPECT_TRUE(statement);
  return {.seed = seed_named(seed), .statement = statement ? *statement : ""};
}

struct FederationTest : ::testing::Test {
  // Members with those addresses found an alliance; who is online says so.
  void found(const std::map<std::string, std::string>& addresses, const std::vector<Online*>& online) {
    Founding founding{.name = "Alliance", .charter = "We protect children.\n", .founders = {}};
    for (const auto& [code, address] : addresses) founding.founders.push_back(card_of(code, {.address = address}));
    for (Online* const one : online) {
      const auto founded = one->node.alliance->found("local-admin", founding);
      ASSERT_TRUE(founded) << founded.error().message;
    }
  }
  // One question, by whoever has that key.
  static Result<HttpAnswer> ask(const Online& of, const Key& seed, std::string statement = "") {
    HttpClientOptions client{.host = "127.0.0.1", .port = of.federation->port()};
    client.pinned.emplace();
    std::ranges::copy(seed.bytes(), client.pinned->seed.begin());
    client.pinned->note = std::move(statement);
    client.pinned->trusts = [](const TlsKey&, std::string_view) { return true; };
    return HttpClient(std::move(client))
        .send({.method = Method::post, .target = "/federation/v1/scopes", .headers = {}, .body = ""});
  }
};

TEST_F(FederationTest, ARecordArrivesAfterAPoke) {
  Online aa("aa");
  Online ab("ab");
  found({{"aa", aa.address()}, {"ab", ab.address()}}, {&aa, &ab});
  aa.wait_until_founded();
  ab.wait_until_founded();
  for (const std::string text : {"one", "two", "three"}) {
    ab.node.says(text);
    aa.wait_for_note(text);
    aa.node.says("answer to " + text);
    ab.wait_for_note("answer to " + text);
  }
  const std::uint64_t size = ab.node.journal->head(shared_log).size;
  wait_for("a cosigned log", [&] { return aa.node.reader->cosigned("ab") == size; });
  wait_for("a receipt", [&] {
    const auto text = ab.node.ledger->receipt("aa", Ledger::Way::received).value();
    const PublicKey key = testing::member_key("aa", KeyPurpose::record).public_key();
    const auto receipt = text ? Receipt::read(*text, key) : Result<Receipt>(Receipt());
    return receipt && receipt->size == size;
  });
  EXPECT_EQ(aa.node.ledger->peer("ab")->trouble, "");
  EXPECT_GT(ab.node.ledger->peer("aa")->heard_ms, 0);
}

TEST_F(FederationTest, WhereThePokeIsLostTheTimerBringsIt) {
  std::uint16_t nobody = 0;
  { nobody = Silence().port(); }
  Online aa("aa", 20);
  Online ab("ab");
  found({{"aa", address_of(nobody)}, {"ab", ab.address()}}, {&aa, &ab});
  aa.wait_until_founded();
  ab.node.says("unannounced", "public");
  aa.wait_for_note("unannounced");
  wait_for("trouble", [&] { return ab.node.ledger->peer("aa")->trouble.starts_with("unavailable"); });
}

TEST_F(FederationTest, AWakeAsksEverybody) {
  std::uint16_t nobody = 0;
  { nobody = Silence().port(); }
  Online aa("aa");
  Online ab("ab");
  found({{"aa", address_of(nobody)}, {"ab", ab.address()}}, {&aa, &ab});
  aa.wait_until_founded();
  ab.node.says("unannounced", "public");
  aa.federation->wake();
  aa.wait_for_note("unannounced");
}

TEST_F(FederationTest, StrangersAreRefusedAtTheHandshakeAndSuspendedMembersAreToldSo) {
  Online aa("aa");
  Online ab("ab");
  Online ac("ac");
  found({{"aa", aa.address()}, {"ab", ab.address()}, {"ac", ac.address()}}, {&aa, &ab, &ac});
  for (Online* const one : {&aa, &ab, &ac}) one->wait_until_founded();
  const auto stranger = ask(aa, seed_named("stranger"));
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::permission_denied);
  const auto member = ask(aa, tls_seed("ac"));
  ASSERT_TRUE(member) << member.error().message;
  EXPECT_EQ(member->status, 200);
  // Another key of a member's isn't its key for this.
  EXPECT_FALSE(ask(aa, seed_named("ac/" + std::string(to_string(KeyPurpose::witness)))));

  const Change suspend{Change::Suspend{.member = "ac", .reason = "asked for"}};
  ASSERT_TRUE(aa.node.alliance->vote("steward", suspend));
  ASSERT_TRUE(ab.node.alliance->vote("steward", suspend));
  wait_for("the suspension", [&] { return !aa.node.alliance->membership()->state->is_active("ac"); });
  const auto suspended = ask(aa, tls_seed("ac"));
  ASSERT_TRUE(suspended) << suspended.error().message;
  EXPECT_EQ(suspended->status, 403);
  EXPECT_EQ(suspended->body, "permission_denied\n");
  ac.federation->wake();
  wait_for("that ac is told", [&] { return ac.node.ledger->peer("aa")->trouble.starts_with("permission_denied"); });
}

// How the others have voted on its card stands in logs that they may have to read from it.
TEST_F(FederationTest, AMemberWithANewKeyIsLetInByTheWordOfItsRootKey) {
  Online aa("aa", 20);
  Online ab("ab", 20);
  found({{"aa", aa.address()}, {"ab", ab.address()}}, {&aa, &ab});
  for (Online* const one : {&aa, &ab}) one->wait_until_founded();
  {
    const std::scoped_lock lock(aa.renewing);
    aa.next_identity = second_identity("aa", 9);
  }
  // Only the new key is shown to whoever connects from now on: this one knows it by no card.
  const auto shows_new_key = [&] {
    HttpClientOptions client{.host = "127.0.0.1", .port = aa.federation->port()};
    client.pinned.emplace();
    std::ranges::copy(tls_seed("ab").bytes(), client.pinned->seed.begin());
    client.pinned->trusts = [](const TlsKey& key, std::string_view statement) {
      return key == testing::key_named("aa/tls2").public_key() && !statement.empty();
    };
    return HttpClient(std::move(client))
        .send({.method = Method::post, .target = "/federation/v1/scopes", .headers = {}, .body = ""})
        .has_value();
  };
  wait_for("the new key", shows_new_key);
  ab.federation.reset();
  ab.federation = ab.start();
  ab.node.says("to aa", "public");
  aa.node.says("to ab", "public");
  aa.federation->wake();
  ab.federation->wake();
  ab.wait_for_note("to ab");
}

TEST_F(FederationTest, ARootsWordCountsForItsMemberAndForNewerKeysAlone) {
  Online aa("aa");
  Online ab("ab");
  found({{"aa", aa.address()}, {"ab", ab.address()}}, {&aa, &ab});
  for (Online* const one : {&aa, &ab}) one->wait_until_founded();
  const auto said = [&](const TlsIdentity& identity, std::string statement) {
    const auto answer = ask(aa, identity.seed, std::move(statement));
    return answer ? answer->status : 0;
  };
  const TlsIdentity newer = second_identity("ab", 9);
  EXPECT_EQ(said(newer, ""), 0);
  EXPECT_EQ(said(newer, "no statement"), 0);
  EXPECT_EQ(said(newer, second_identity("ab", 9, "another").statement), 0) << "another root key";
  EXPECT_EQ(said(newer, second_identity("ac", 9).statement), 0) << "no member";
  EXPECT_EQ(said(newer, second_identity("ab", 0).statement), 0) << "no newer than the key that is known";
  EXPECT_EQ(said(newer, newer.statement), 200);
  EXPECT_EQ(said({.seed = seed_named("stranger")}, newer.statement), 0) << "it is about another key";
}

TEST_F(FederationTest, WhoAnswersAtAnothersAddressIsNotRead) {
  Online aa("aa");
  Online ac("ac");
  found({{"aa", aa.address()}, {"ab", ac.address()}, {"ac", ac.address()}}, {&aa, &ac});
  wait_for("trouble", [&] { return aa.node.ledger->peer("ab")->trouble.starts_with("permission_denied"); });
  EXPECT_EQ(aa.node.size_of("ab"), 0u);
  wait_for("ac's log", [&] { return aa.node.size_of("ac") > 0; });
}

TEST_F(FederationTest, StopReturnsWhileAnotherHangs) {
  Silence silence;
  Online aa("aa");
  found({{"aa", aa.address()}, {"ab", address_of(silence.port())}}, {&aa});
  silence.wait_for_somebody();
  aa.federation->stop();
  aa.federation->stop();
  // What is written afterwards is nobody's to announce.
  aa.node.says("late", "public");
}

// One that is gone holds up nobody else: here it is one of those whose cosignatures a head waits for.
TEST_F(FederationTest, WithOneGoneTheOthersReadOneAnother) {
  Silence silence;
  Online aa("aa");
  Online ab("ab");
  auto ac = std::make_unique<Online>("ac");
  found({{"aa", aa.address()}, {"ab", ab.address()}, {"ac", ac->address()}}, {&aa, &ab, ac.get()});
  for (Online* const one : {&aa, &ab, ac.get()}) one->wait_until_founded();
  ac->federation->stop();
  for (int i = 0; i < 20; ++i) ab.node.says("n" + std::to_string(i));
  aa.wait_for_note("n0");
  ab.node.says("last");
  aa.wait_for_note("last");
}

TEST_F(FederationTest, AnAddressThatChangedIsGoneTo) {
  Online aa("aa");
  Online ab("ab");
  found({{"aa", aa.address()}, {"ab", ab.address()}}, {&aa, &ab});
  aa.wait_until_founded();
  ab.wait_until_founded();
  const std::unique_ptr<Federation> moved = ab.start();
  const std::string there = address_of(moved->port());
  const Change card{Change::NewCard{.card = card_of("ab", {.address = there})}};
  ASSERT_TRUE(ab.node.alliance->vote("steward", card));
  const Status voted = aa.node.alliance->vote("steward", card);
  ASSERT_TRUE(voted) << voted.error().message;
  wait_for("the new address", [&] { return aa.node.alliance->membership()->state->find("ab")->card.address == there; });
  ab.federation->stop();
  ab.node.says("from the new address");
  aa.wait_for_note("from the new address");
  moved->stop();
}

TEST_F(FederationTest, AnAddressThatIsTakenIsAnError) {
  Online aa("aa");
  FederationNode other("ab", system_clock());
  FederationOptions options{.port = aa.federation->port(),
                            .identity = {.seed = tls_seed("ab")},
                            .clock = system_clock(),
                            .random = random_named("ab")};
  const auto started =
      Federation::start(*other.journal, *other.alliance, *other.ledger, *other.reader, aa.log, std::move(options));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
}

}  // namespace
}  // namespace fristad
