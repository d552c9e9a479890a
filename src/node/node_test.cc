#include "node/node.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "base/hex.h"
#include "base/whole_file.h"
#include "crypto/age.h"
#include "record/record_fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

class NodeTest : public ::testing::Test {
 protected:
  NodeTest()
      : seams_{.clock = {.utc_ms = [this] { return now_ms_; }, .steady_ms = [this] { return now_ms_; }},
               .random = testing::counting_random()} {}

  std::string path(const std::string& name) const { return folder_ / name; }
  Status init(const std::string& name = "node") {
    return init_node({.folder = path(name), .member = "se", .key_file = path("key"), .shares_folder = path("shares")},
                     seams_);
  }
  std::unique_ptr<Node> opened(const std::string& name = "node") {
    auto node = Node::open({.folder = path(name)}, seams_);
    EXPECT_TRUE(node) << node.error().message;
    return node ? *std::move(node) : nullptr;
  }
  EntryBody random_entry() { return {.pdq = testing::random_hash(rng_), .classification = Classification::baseline}; }
  std::string make_identity() {
    const auto identity = AgeIdentity::generate(seams_.random);
    EXPECT_TRUE(write_file(path("identity"), identity->text() + "\n", FileAccess::owner_only, FileExists::replace));
    return identity->recipient().text();
  }
  static std::string dump(Node& node) { return testing::dump_of(node.journal()); }
  static std::vector<Finding> wrong(const std::vector<Finding>& findings) {
    std::vector<Finding> bad;
    for (const Finding& finding : findings) {
      if (finding.state == Finding::State::bad) bad.push_back(finding);
    }
    return bad;
  }

  testing::TemporaryFolder folder_;
  testing::Rng rng_{3};
  std::int64_t now_ms_ = 1'800'000'000'000;
  NodeSeams seams_;
};

TEST_F(NodeTest, IsMadeOnceAndOpensAgain) {
  ASSERT_TRUE(init()) << init().error().message;
  EXPECT_EQ(init().error().code, Code::already_exists);
  {
    const auto node = opened();
    ASSERT_NE(node, nullptr);
    EXPECT_EQ(node->member(), "se");
    EXPECT_EQ(node->journal().read(Place{shared_log, 0})->payload.kind, "node.keys");
    const auto second = Node::open({.folder = path("node")}, seams_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::conflict);
  }
  EXPECT_NE(opened(), nullptr);
  for (const std::string name : {"shares/se-root-share-1", "shares/se-root-share-3", "key"}) {
    struct stat status {};
    ASSERT_EQ(stat(path(name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0077, 0u) << name;
  }
}

TEST_F(NodeTest, TheKeyLiesElsewhere) {
  const NodeInit inside{
      .folder = path("node"), .member = "se", .key_file = path("node/key"), .shares_folder = path("shares")};
  EXPECT_EQ(init_node(inside, seams_).error().code, Code::invalid_argument);
  const NodeInit shares{
      .folder = path("node"), .member = "se", .key_file = path("key"), .shares_folder = path("node/../node/shares")};
  EXPECT_EQ(init_node(shares, seams_).error().code, Code::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(path("node")));
  EXPECT_FALSE(init_node(
      {.folder = path("node"), .member = "No!", .key_file = path("key"), .shares_folder = path("shares")}, seams_));

  ASSERT_TRUE(init());
  std::filesystem::rename(path("key"), path("moved"));
  EXPECT_EQ(Node::open({.folder = path("node")}, seams_).error().code, Code::not_found);
  EXPECT_TRUE(Node::open({.folder = path("node"), .key_file = path("moved")}, seams_));
  NodeSeams with_credentials = seams_;
  with_credentials.credentials_folder = path("run");
  ASSERT_TRUE(make_folders(path("run")));
  std::filesystem::copy(path("moved"), path("run/fristad-node-key"));
  EXPECT_TRUE(Node::open({.folder = path("node")}, with_credentials));
  chmod(path("moved").c_str(), 0644);
  EXPECT_EQ(Node::open({.folder = path("node"), .key_file = path("moved")}, seams_).error().code,
            Code::permission_denied);
  ASSERT_TRUE(write_file(path("other"), std::string(64, 'a') + "\n", FileAccess::owner_only, FileExists::replace));
  EXPECT_EQ(Node::open({.folder = path("node"), .key_file = path("other")}, seams_).error().code,
            Code::permission_denied);
}

TEST_F(NodeTest, CommitsThePrivateLogOnceADay) {
  ASSERT_TRUE(init());
  const auto node = opened();
  ASSERT_TRUE(node->publish());
  const std::uint64_t size = node->journal().head(shared_log).size;
  ASSERT_TRUE(node->publish());
  EXPECT_EQ(node->journal().head(shared_log).size, size);
  now_ms_ += 86'400'000;
  ASSERT_TRUE(node->publish());
  EXPECT_EQ(node->journal().head(shared_log).size, size + 1);
  for (const std::uint32_t log : {shared_log, private_log}) {
    const VerifyReport report = testing::verified(node->journal(), log, node->log_folder(log));
    EXPECT_TRUE(report.good()) << report.problems.front();
  }
}

TEST_F(NodeTest, ABackupIsRestoredAndWhatWasErasedStaysErased) {
  ASSERT_TRUE(init());
  const std::string recipient = make_identity();
  std::string before;
  std::string after;
  RecordId chunk{};
  {
    const auto node = opened();
    const auto list = node->material().create_list("tester", {.title = "Known"});
    ASSERT_TRUE(list);
    std::vector<EntryBody> entries;
    for (int i = 0; i < 1200; ++i) entries.push_back(random_entry());
    const auto first = node->material().add_entries("tester", *list, entries);
    ASSERT_TRUE(first);
    before = dump(*node);
    EXPECT_EQ(node->backup(path("backup.age"), {"age1wrong"}).error().code, Code::damaged);
    const auto report = node->backup(path("backup.age"), {recipient});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->shared_size, node->journal().head(shared_log).size);
    EXPECT_EQ(node->backup(path("backup.age"), {recipient}).error().code, Code::already_exists);
    EXPECT_FALSE(std::filesystem::exists(path("node/backup.db")));
    chunk = node->journal().read(EntryPlace::of_number(shared_log, *first).chunk)->id;
    const std::uint32_t item = 5;
    ASSERT_TRUE(node->erase("tester", chunk, {&item, 1}, "court"));
    after = dump(*node);
  }
  const NodeRestore restore{.backup = path("backup.age"),
                            .identity_file = path("identity"),
                            .folder = path("again"),
                            .key_file = path("key2")};
  const auto restored = restore_node(restore, seams_);
  ASSERT_TRUE(restored) << restored.error().message;
  {
    const auto node = opened("again");
    ASSERT_NE(node, nullptr);
    const auto read = node->journal().read(node->journal().places(chunk)->front());
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->items.at(5).empty());
    EXPECT_EQ(node->material().index_info().entries, 1199u);
    EXPECT_TRUE(testing::verified(node->journal(), shared_log).good());
  }
  EXPECT_EQ(restore_node(restore, seams_).error().code, Code::already_exists);

  // Without the file of erasures nothing is restored, unless that is said.
  NodeRestore blind = restore;
  blind.folder = path("blind");
  std::filesystem::remove(path("backup.age.erasures"));
  EXPECT_EQ(restore_node(blind, seams_).error().code, Code::not_found);
  blind.no_erasures = true;
  ASSERT_TRUE(restore_node(blind, seams_));
  EXPECT_EQ(dump(*opened("blind")), before);
  NodeRestore named = restore;
  named.folder = path("named");
  named.erasures = path("node/erasures");
  ASSERT_TRUE(restore_node(named, seams_));
}

TEST_F(NodeTest, ADamagedBackupRestoresNothing) {
  ASSERT_TRUE(init());
  const std::string recipient = make_identity();
  ASSERT_TRUE(opened()->backup(path("backup.age"), {recipient}));
  const std::string good = *read_file(path("backup.age"), 1 << 24);
  NodeRestore restore{.backup = path("bad.age"),
                      .identity_file = path("identity"),
                      .folder = path("again"),
                      .key_file = path("key2"),
                      .no_erasures = true};
  for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 40) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    ASSERT_TRUE(write_file(path("bad.age"), bad, FileAccess::owner_only, FileExists::replace));
    EXPECT_FALSE(restore_node(restore, seams_)) << i;
    EXPECT_TRUE(std::filesystem::is_empty(path("again"))) << i;
  }
  ASSERT_TRUE(
      write_file(path("bad.age"), good.substr(0, good.size() / 2), FileAccess::owner_only, FileExists::replace));
  EXPECT_FALSE(restore_node(restore, seams_));
  make_identity();
  restore.backup = path("backup.age");
  EXPECT_EQ(restore_node(restore, seams_).error().code, Code::permission_denied) << "another identity";
}

TEST_F(NodeTest, AnErasureThatWasCutShortIsCompleted) {
  ASSERT_TRUE(init());
  RecordId chunk{};
  std::string key;
  const std::uint32_t item = 7;
  {
    const auto node = opened();
    const auto list = node->material().create_list("tester", {.title = "Known"});
    std::vector<EntryBody> entries;
    for (int i = 0; i < 5000; ++i) entries.push_back(random_entry());
    const auto first = node->material().add_entries("tester", *list, entries);
    ASSERT_TRUE(first);
    ASSERT_TRUE(node->material().save());
    const Place place = EntryPlace::of_number(shared_log, *first).chunk;
    chunk = node->journal().read(place)->id;
    const auto reader = *node->journal().store().connect(true);
    const auto bytes = *reader->bytes("SELECT key FROM record WHERE place = $1", {place.value()});
    key.assign(bytes->begin(), bytes->end());
    // As if the process had ended right after the commit.
    ASSERT_TRUE(node->journal().erase("tester", chunk, {&item, 1}, "court"));
    EXPECT_GT(node->material().index_info().removed, 0u);
  }
  EXPECT_FALSE(std::filesystem::exists(path("node/erasures")));
  const auto node = opened();
  EXPECT_EQ(*read_file(path("node/erasures"), 1000), to_hex(chunk) + " 7\n");
  EXPECT_EQ(node->material().index_info().removed, 0u) << "the saved index still has it";
  EXPECT_EQ(node->material().index_info().entries, 4999u);
  EXPECT_FALSE(std::filesystem::exists(path("node/erasing")));
  for (const char* end : {"", "-wal"}) {
    const auto content = read_file(path("node/node.db") + end, std::size_t{1} << 28);
    EXPECT_TRUE(!content || content->find(key) == std::string::npos) << end;
  }
}

// Whatever it could still tell: of entries that are erased later, too.
TEST_F(NodeTest, WhatABackupLeftThatWasKilledGoesAtTheNextStart) {
  ASSERT_TRUE(init());
  for (const char* end : {"", "-wal", "-shm", ".part"}) {
    ASSERT_TRUE(write_file(path("node/backup.db") + end, "x", FileAccess::owner_only, FileExists::refuse));
  }
  ASSERT_NE(opened(), nullptr);
  for (const char* end : {"", "-wal", "-shm", ".part"}) {
    EXPECT_FALSE(std::filesystem::exists(path("node/backup.db") + end)) << end;
  }
}

// An erasure waits for the backup that is being made, so that it can be noted beside it.
TEST_F(NodeTest, WhatIsErasedWhileABackupIsMadeStaysErased) {
  ASSERT_TRUE(init());
  const std::string recipient = make_identity();
  {
    const auto node = opened();
    const auto list = node->material().create_list("tester", {.title = "Known"});
    std::vector<EntryBody> entries;
    for (int i = 0; i < 3000; ++i) entries.push_back(random_entry());
    const auto first = node->material().add_entries("tester", *list, entries);
    ASSERT_TRUE(first);
    const RecordId chunk = node->journal().read(EntryPlace::of_number(shared_log, *first).chunk)->id;
    Status backed_up;
    std::jthread maker([&] {
      const auto report = node->backup(path("backup.age"), {recipient});
      if (!report) backed_up = report.error();
    });
    while (!std::filesystem::exists(path("node/backup.db")) && !std::filesystem::exists(path("backup.age"))) {
      std::this_thread::yield();
    }
    const std::uint32_t item = 5;
    ASSERT_TRUE(node->erase("tester", chunk, {&item, 1}, "court"));
    maker.join();
    ASSERT_TRUE(backed_up) << backed_up.error().message;
  }
  ASSERT_TRUE(restore_node({.backup = path("backup.age"),
                            .identity_file = path("identity"),
                            .folder = path("again"),
                            .key_file = path("key2")},
                           seams_));
  EXPECT_EQ(opened("again")->material().index_info().entries, 2999u);
}

TEST_F(NodeTest, TheDoctorFindsWhatIsWrong) {
  EXPECT_EQ(wrong(examine_node({.folder = path("node")}, seams_, true)).size(), 1u);
  ASSERT_TRUE(init());
  ASSERT_TRUE(opened()->publish());
  EXPECT_TRUE(wrong(examine_node({.folder = path("node")}, seams_, true)).empty());
  chmod(path("node").c_str(), 0755);
  EXPECT_EQ(wrong(examine_node({.folder = path("node")}, seams_, false)).size(), 1u);
  chmod(path("node").c_str(), 0700);
  std::filesystem::remove(path("node/log/shared/tile/0/000.p/2"));
  const auto missing = wrong(examine_node({.folder = path("node")}, seams_, false));
  EXPECT_EQ(missing.size(), 1u);
  ASSERT_TRUE(opened()->publish());
  {
    const auto node = opened();
    const auto list = node->material().create_list("tester", {.title = "Known"});
    ASSERT_TRUE(node->material().add_entries("tester", *list, std::vector<EntryBody>{random_entry()}));
  }
  EXPECT_TRUE(wrong(examine_node({.folder = path("node")}, seams_, true)).empty());
  ASSERT_GT(*(*(*Store::open({.sqlite_path = path("node/node.db")})).connect())->execute("DELETE FROM chunk"), 0u);
  const auto views = wrong(examine_node({.folder = path("node")}, seams_, true));
  ASSERT_EQ(views.size(), 2u) << "the table, and with it what the index should have";
  EXPECT_NE(views[0].what.find("chunk"), std::string::npos);
  EXPECT_EQ(views[0].what_to_do, "fristad rebuild");
  ASSERT_TRUE(opened()->journal().rebuild());
  EXPECT_TRUE(wrong(examine_node({.folder = path("node")}, seams_, true)).empty());
  std::filesystem::remove(path("key"));
  EXPECT_GE(wrong(examine_node({.folder = path("node")}, seams_, false)).size(), 1u);
}

}  // namespace
}  // namespace fristad
