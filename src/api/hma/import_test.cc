#include "api/hma/import.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "api/hma/banks.h"
#include "api/hma/hma_fixture.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::HmaNode;
using testing::TestServer;

// What an import sees of an HMA.
class FakeHma {
 public:
  struct Content {
    std::string bank;
    std::string signals;  // JSON
    std::int64_t disable_until_ts = 1;
    std::string more = {};  // members, with a comma in front
  };

  FakeHma() : server_(routes()) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void change(const std::function<void(FakeHma&)>& how) {
    const std::scoped_lock lock(mutex);
    how(*this);
  }

  std::mutex mutex;
  std::map<std::string, std::string> banks;  // name and share, as text
  std::map<std::int64_t, Content> contents;
  std::int64_t fails_from = INT64_MAX;  // an id
  std::string token = {};
  int asked = 0;

 private:
  std::vector<Route> routes() {
    const auto route = [this](std::string pattern, Response (FakeHma::*give)(Request&)) {
      return Route{.method = Method::get, .pattern = std::move(pattern), .handler = [this, give](Request& request) {
                     const std::scoped_lock lock(mutex);
                     if (!token.empty() && request.headers.find("Authorization") != "Bearer " + token) {
                       return Response::text(401, "no");
                     }
                     return (this->*give)(request);
                   }};
    };
    std::vector<Route> all;
    all.push_back(route("/c/banks", &FakeHma::give_banks));
    all.push_back(route("/c/signal_type/index", &FakeHma::give_index));
    all.push_back(route("/c/bank/{bank}/content/{id}", &FakeHma::give_content));
    return all;
  }
  std::string bank_text(const std::string& name) {
    return R"({"matching_enabled_ratio":)" + banks[name] + R"(,"name":")" + name + "\"}";
  }
  Response give_banks(Request&) {
    std::string all;
    for (const auto& [name, ratio] : banks) all += (all.empty() ? "" : ",") + bank_text(name);
    return Response::json(200, "[" + all + "]\n");
  }
  Response give_index(Request&) {
    std::size_t signals = 0;
    for (const auto& [id, content] : contents) {
      signals += parse_json(content.signals, {})->members()->size();
    }
    return Response::json(200, R"({"pdq":{"db_size":)" + std::to_string(signals) + R"(},"x":{"db_size":0}})");
  }
  Response give_content(Request& request) {
    ++asked;
    const std::int64_t id = std::stoll(std::string(request.parameter("id")));
    if (id >= fails_from) return Response::text(500, "oops");
    if (!banks.contains(std::string(request.parameter("bank")))) {
      return Response::json(404, R"({"message":"bank ' ' not found"})");
    }
    const auto at = contents.find(id);
    if (at == contents.end()) {
      return Response::json(404, R"({"message":"content ')" + std::to_string(id) + R"(' not found"})");
    }
    const Content& content = at->second;
    return Response::json(200, R"({"bank":)" + bank_text(content.bank) + R"(,"disable_until_ts":)" +
                                   std::to_string(content.disable_until_ts) + R"(,"id":)" + std::to_string(id) +
                                   R"(,"original_media_uri":null,"signals":)" + content.signals + content.more + "}\n");
  }

  TestServer server_;
};

std::string pdq_json(const PdqHash& hash) {
  return R"({"pdq":")" + hash.to_hex() + "\"}";
}

class HmaImportTest : public ::testing::Test {
 protected:
  Result<HmaImportReport> import() {
    return import_hma({.url = hma_.url(), .token = token_, .actor = "tester", .progress = progress_}, *node_.journal,
                      *node_.material);
  }
  HmaImportReport imported() {
    const auto report = import();
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : HmaImportReport{};
  }
  std::string lookup(const PdqHash& hash) {
    return node_.get("/m/lookup?signal_type=pdq&signal=" + hash.to_hex()).body;
  }
  bool matches(const PdqHash& hash) { return lookup(hash) != "{}\n"; }
  std::vector<PdqHash> fill(std::int64_t first, int count, const std::string& bank) {
    std::vector<PdqHash> hashes;
    for (int i = 0; i < count; ++i) {
      hashes.push_back(testing::random_hash(rng_));
      hma_.contents[first + i] = {.bank = bank, .signals = pdq_json(hashes.back())};
    }
    return hashes;
  }

  testing::Rng rng_{9};
  FakeHma hma_;
  HmaNode node_;
  std::string token_;
  std::function<Status(const HmaImportReport&)> progress_;
};

TEST_F(HmaImportTest, TakesBanksAndContentsOver) {
  hma_.banks = {{"A", "1.0"}, {"B", "0.25"}, {"EMPTY", "0"}};
  const PdqHash hash = testing::random_hash(rng_);
  const PdqHash resting = testing::random_hash(rng_);
  hma_.contents[1] = {
      .bank = "A",
      .signals = R"({"pdq":")" + hash.to_hex() + R"(","video_md5":"d41d8cd98f00b204e9800998ecf8427e","vpdq":"x"})",
      .more = R"(,"note":"n","metadata":{"content_id":"c","content_uri":null,"json":{"k":1.5},)"
              R"("collab":{"NCMEC":["1-2"]}})"};
  hma_.contents[2] = {.bank = "B", .signals = pdq_json(resting), .disable_until_ts = 0};
  hma_.contents[5] = {.bank = "A", .signals = R"({"raw_text":"x"})"};
  hma_.contents[6] = {.bank = "A",
                      .signals = R"({"pdq":")" + std::string(64, 'b') + "\"}",
                      .more = R"(,"metadata":{"json":{"k":")" + std::string(9000, 'x') + R"("}})"};
  const HmaImportReport report = imported();
  EXPECT_EQ(report.banks_made, 3);
  EXPECT_EQ(report.contents, 4);
  EXPECT_EQ(report.added, 3);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_EQ(report.shortened, 1);
  EXPECT_EQ(hma_.asked, 6) << "it stops where all signals were seen";
  EXPECT_EQ(node_.get("/c/banks").body,
            "[{\"matching_enabled_ratio\":1.0,\"name\":\"A\"},{\"matching_enabled_ratio\":0.25,\"name\":\"B\"},"
            "{\"matching_enabled_ratio\":0.0,\"name\":\"EMPTY\"}]\n");
  EXPECT_TRUE(lookup(hash).starts_with("{\"A\":[")) << lookup(hash);
  EXPECT_FALSE(matches(resting));
  const auto found = parse_json(node_.get("/m/raw_lookup?signal_type=pdq&signal=" + hash.to_hex()).body, {});
  const std::string number = std::to_string(*found->find("matches")->array()->front().integer());
  const std::string shown = node_.get("/c/bank/A/content/" + number + "?include_signals=true").body;
  EXPECT_NE(
      shown.find(R"("metadata":{"collab":{"NCMEC":["1-2"]},"content_id":"c","content_uri":null,"json":{"k":1.5}})"),
      std::string::npos)
      << shown;
  EXPECT_NE(shown.find(R"("note":"n")"), std::string::npos);
  EXPECT_NE(shown.find(R"("video_md5":"d41d8cd98f00b204e9800998ecf8427e")"), std::string::npos);
  EXPECT_EQ(node_.material->entry(node_.list_named("A"), std::stoll(number))->body.id, "c");
}

TEST_F(HmaImportTest, RunAgainItFollows) {
  hma_.banks = {{"A", "1.0"}};
  const auto hashes = fill(1, 5, "A");
  EXPECT_EQ(imported().added, 5);
  const HmaImportReport same = imported();
  EXPECT_EQ(same.added + same.changed + same.withdrawn + same.banks_made, 0);
  EXPECT_EQ(node_.material->list(node_.list_named("A"))->entries, 5);

  hma_.change([&](FakeHma& hma) {
    hma.contents.erase(2);
    hma.contents.erase(3);
    hma.contents[4].disable_until_ts = 0;
    hma.contents[5].more = R"(,"note":"new")";
    hma.banks["A"] = "0.5";
  });
  const auto more = fill(9, 1, "A");
  const HmaImportReport report = imported();
  EXPECT_EQ(report.added, 1);
  EXPECT_EQ(report.withdrawn, 2);
  EXPECT_EQ(report.changed, 2);
  EXPECT_EQ(node_.get("/c/bank/A").body, "{\"matching_enabled_ratio\":0.5,\"name\":\"A\"}\n");
  ASSERT_EQ(node_.put("/c/bank/A", R"({"enabled":true})").status, 200);
  EXPECT_TRUE(matches(hashes[0]));
  EXPECT_FALSE(matches(hashes[1]));
  EXPECT_FALSE(matches(hashes[2]));
  EXPECT_FALSE(matches(hashes[3]));
  EXPECT_TRUE(matches(more[0]));

  hma_.change([&](FakeHma& hma) {
    hma.contents[4].disable_until_ts = 1;
    hma.contents[5].more.clear();
    hma.banks["A"] = "1.0";
  });
  EXPECT_EQ(imported().changed, 2);
  EXPECT_TRUE(matches(hashes[3]));
  const HmaImportReport last = imported();
  EXPECT_EQ(last.added + last.changed + last.withdrawn, 0) << "nothing is done twice";
}

TEST_F(HmaImportTest, WhatWasTakenBackHereStaysSo) {
  hma_.banks = {{"A", "1.0"}};
  const auto hashes = fill(1, 3, "A");
  ASSERT_EQ(imported().added, 3);
  const auto found = parse_json(node_.get("/m/raw_lookup?signal_type=pdq&signal=" + hashes[0].to_hex()).body, {});
  const std::int64_t number = *found->find("matches")->array()->front().integer();
  ASSERT_EQ(node_.remove("/c/bank/A/content/" + std::to_string(number)).body, "{\"deleted\":1}\n");
  hma_.change([](FakeHma& hma) { hma.contents[1].disable_until_ts = 0; });
  const HmaImportReport report = imported();
  EXPECT_EQ(report.added + report.changed + report.withdrawn, 0);
  EXPECT_FALSE(matches(hashes[0]));
  hma_.change([](FakeHma& hma) { hma.contents.erase(1); });
  EXPECT_EQ(imported().withdrawn, 0);
  EXPECT_EQ(imported().withdrawn, 0);
}

TEST_F(HmaImportTest, CutOffAnywhereItLosesAndDoublesNothing) {
  hma_.banks = {{"A", "1.0"}, {"B", "1.0"}};
  const auto in_a = fill(1, 1200, "A");
  const auto in_b = fill(1201, 600, "B");
  for (const std::int64_t from : {700, 1100, 1300}) {
    hma_.change([&](FakeHma& hma) { hma.fails_from = from; });
    const auto failed = import();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::unavailable);
  }
  // As a user stops it.
  hma_.change([](FakeHma& hma) { hma.fails_from = INT64_MAX; });
  progress_ = [](const HmaImportReport& report) -> Status {
    return report.contents > 1500 ? Status(Error{Code::cancelled, "stopped"}) : Status();
  };
  EXPECT_EQ(import().error().code, Code::cancelled);
  progress_ = {};
  const HmaImportReport report = imported();
  EXPECT_LT(report.added, 300);
  EXPECT_EQ(node_.material->list(node_.list_named("A"))->entries, 1200);
  EXPECT_EQ(node_.material->list(node_.list_named("B"))->entries, 600);
  for (const PdqHash& hash : {in_a.front(), in_a.back(), in_b.front(), in_b.back()}) EXPECT_TRUE(matches(hash));
}

TEST_F(HmaImportTest, EntriesAndWhereTheyCameFromAreOneDecision) {
  hma_.banks = {{"A", "1.0"}};
  fill(1, 300, "A");
  // Another run gets ahead of this one.
  progress_ = [&](const HmaImportReport&) -> Status {
    const auto connection = TRY(node_.store().connect());
    const ListId list = node_.list_named("A");
    TRY(connection->execute("INSERT INTO hma_import(source, id, list, number) VALUES ($1, 7, $2, 1024)",
                            {std::string_view(hma_.url()), Bytes(list)}));
    return {};
  };
  EXPECT_EQ(import().error().code, Code::already_exists);
  EXPECT_EQ(node_.material->list(node_.list_named("A"))->entries, 0) << "not even those that nobody had added";
  progress_ = {};
  EXPECT_EQ(imported().added, 299);
}

TEST_F(HmaImportTest, RefusesWhatLooksWrong) {
  EXPECT_EQ(import_hma({.url = "hma.example"}, *node_.journal, *node_.material).error().code, Code::invalid_argument);
  EXPECT_EQ(import_hma({.url = "http://127.0.0.1:1"}, *node_.journal, *node_.material).error().code, Code::unavailable);
  EXPECT_EQ(import_hma({.url = hma_.url() + "/elsewhere"}, *node_.journal, *node_.material).error().code,
            Code::damaged);
  hma_.banks = {{"A", "1.0"}};
  const auto hashes = fill(1, 2, "A");
  hma_.token = "s3cret";
  EXPECT_EQ(import().error().code, Code::permission_denied);
  token_ = "s3cret";
  ASSERT_EQ(imported().added, 2);
  // Somebody has reset it.
  hma_.change([](FakeHma& hma) {
    hma.banks.clear();
    hma.contents.clear();
  });
  const auto reset = import();
  ASSERT_FALSE(reset);
  EXPECT_EQ(reset.error().code, Code::conflict);
  EXPECT_TRUE(matches(hashes[0])) << "nothing was withdrawn";
}

TEST_F(HmaImportTest, ALongGapEndsIt) {
  hma_.banks = {{"A", "1.0"}};
  fill(3, 1, "A");
  // HMA counts signals that it doesn't give.
  hma_.contents[40'000] = {.bank = "A", .signals = pdq_json(testing::random_hash(rng_))};
  EXPECT_EQ(imported().added, 1);
  EXPECT_EQ(hma_.asked, 3 + 20'000);
}

}  // namespace
}  // namespace fristad
