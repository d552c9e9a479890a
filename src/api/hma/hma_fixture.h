#pragma once

// For tests: the parts of a node in a temporary folder with the drop-in on a server, and a client that speaks to it.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/hma/hma.h"
#include "base/whole_file.h"
#include "http/client.h"
#include "http/server.h"
#include "record/record_fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad::testing {

inline const Kinds& hma_kinds() {
  static const Kinds kinds({&journal_view(), &material_view(), &people_view(), &alliance_view(), &api_view()});
  return kinds;
}

// What a multipart form is made of: a part with a file name is a file.
struct FormPart {
  std::string name;
  std::string content;
  std::string filename = {};
};

class HmaNode {
 public:
  explicit HmaNode(HmaOptions options = {.open = true}, StoreOptions store = {}) {
    if (store.sqlite_path.empty() && store.postgres.empty()) store.sqlite_path = folder_ / "node.db";
    store_ = std::make_unique<Store>(*Store::open(store));
    JournalOptions journal_options = test_options(random_);
    journal_options.clock = clock();
    journal = *Journal::open(*store_, hma_kinds(), test_keys(), std::move(journal_options));
    material = *Material::open(*journal, {.folder = "", .background = false});
    people = *People::open(*journal, {.key = Key(std::array<std::uint8_t, 32>{5}),
                                      .clock = clock(),
                                      .random = system_random(),
                                      .password_cost = {.memory_bytes = 8192, .operations = 1}});
    // It belongs to none: the drop-in has nothing to do with it.
    alliance = *Alliance::open(*journal, {.sign = [](Bytes) { return Signature{}; }, .random = system_random()});
    SandboxOptions sandbox;
    sandbox.program = FRISTAD_PROGRAM;
    auto made = Api::make({.journal = *journal,
                           .material = *material,
                           .people = *people,
                           .log = log_,
                           .clock = clock(),
                           .random = system_random(),
                           .handle_key = Key(std::array<std::uint8_t, 32>{6}),
                           .answer_key = Key(std::array<std::uint8_t, 32>{7}),
                           .erase_entry = {},
                           .prove = {},
                           .alliance = {.alliance = *alliance}},
                          {.hashers = 1, .sandbox = sandbox});
    if (!made) {
      ADD_FAILURE() << made.error().message;
      std::abort();
    }
    api = *std::move(made);
    start(std::move(options));
  }
  ~HmaNode() {
    stop();
    api.reset();
    alliance.reset();
    people.reset();
    material.reset();
    journal.reset();
  }
  HmaNode(const HmaNode&) = delete;
  HmaNode& operator=(const HmaNode&) = delete;

  // Starts another listener instead.
  void start(HmaOptions options) {
    stop();
    auto made = Hma::make(*api, std::move(options));
    if (!made) {
      ADD_FAILURE() << made.error().message;
      std::abort();
    }
    hma = *std::move(made);
    server = *HttpServer::start({.merge_slashes = true}, hma->router(), hma->seams());
    client_ = std::make_unique<HttpClient>(HttpClientOptions{.host = "127.0.0.1", .port = server->port()});
  }
  void stop() {
    client_.reset();
    if (server) server->stop(2000);
    server.reset();
    hma.reset();
  }

  std::string token(std::vector<TokenScope> scopes) {
    const auto made = people->add_token(
        "tester",
        {.name = "t" + std::to_string(++tokens_), .scopes = std::move(scopes), .ends_ms = now_ms() + 1'000'000});
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->second : "";
  }

  HttpAnswer send(HttpCall call) {
    if (!bearer.empty()) call.headers.set("Authorization", "Bearer " + bearer);
    const auto answer = client_->send(call);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : HttpAnswer{};
  }
  HttpAnswer get(const std::string& target) { return send({.target = target}); }
  HttpAnswer send(Method method, const std::string& target, std::string body) {
    HttpCall call{.method = method, .target = target, .body = std::move(body)};
    call.headers.add("Content-Type", "application/json");
    return send(std::move(call));
  }
  HttpAnswer post(const std::string& target, std::string body) { return send(Method::post, target, std::move(body)); }
  HttpAnswer put(const std::string& target, std::string body) { return send(Method::put, target, std::move(body)); }
  HttpAnswer remove(const std::string& target) { return send({.method = Method::del, .target = target}); }
  HttpAnswer post_form(const std::string& target, const std::vector<FormPart>& parts) {
    HttpCall call{.method = Method::post, .target = target, .body = {}};
    call.headers.add("Content-Type", "multipart/form-data; boundary=edge");
    for (const FormPart& part : parts) {
      call.body += "--edge\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
      if (!part.filename.empty()) call.body += "; filename=\"" + part.filename + "\"";
      call.body += "\r\n\r\n" + part.content + "\r\n";
    }
    call.body += "--edge--\r\n";
    return send(std::move(call));
  }

  // With the bank, or an entry of it.
  void bank(const std::string& name) { EXPECT_EQ(post("/c/banks", R"({"name":")" + name + "\"}").status, 201); }
  std::int64_t content(const std::string& bank, const std::string& signals) {
    const HttpAnswer added = post("/c/bank/" + bank + "/signal", signals);
    EXPECT_EQ(added.status, 200) << added.body;
    const auto parsed = parse_json(added.body, {});
    return parsed && parsed->find("id") != nullptr ? *parsed->find("id")->integer() : 0;
  }
  ListId list_named(std::string_view title) const {
    const auto lists = material->lists();
    for (const ListInfo& list : *lists) {
      if (list.body.title == title && list.body.state != ListState::withdrawn) return list.id;
    }
    return {};
  }

  Clock clock() const {
    return {.utc_ms = [now = now_ms_] { return now->load(); }, .steady_ms = system_clock().steady_ms};
  }
  std::int64_t now_ms() const { return now_ms_->load(); }
  void wait(std::int64_t ms) { *now_ms_ += ms; }
  std::string logged() const { return *lines_; }
  Store& store() { return *store_; }

  std::unique_ptr<Journal> journal;
  std::unique_ptr<Material> material;
  std::unique_ptr<People> people;
  std::unique_ptr<Alliance> alliance;
  std::unique_ptr<Api> api;
  std::unique_ptr<Hma> hma;
  std::unique_ptr<HttpServer> server;
  std::string bearer;

 private:
  TemporaryFolder folder_;
  std::shared_ptr<std::atomic<std::int64_t>> now_ms_ = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000'000);
  std::shared_ptr<std::string> lines_ = std::make_shared<std::string>();
  Log log_{clock(), LogLevel::debug, [lines = lines_](std::string_view line) { *lines += line; }};
  Random random_ = counting_random();
  std::unique_ptr<Store> store_;
  std::unique_ptr<HttpClient> client_;
  int tokens_ = 0;
};

inline std::string photo_bytes() {
  const auto bytes = read_file(std::string(FRISTAD_TEST_DATA) + "/dih/bridge-1-original.jpg", std::size_t{1} << 24);
  EXPECT_TRUE(bytes);
  return bytes.value_or("");
}

}  // namespace fristad::testing
