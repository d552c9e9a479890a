// The same history on both stores, and records copied from one to the other: views, trees and proofs are the same.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string_view>

#include "record/copy.h"
#include "record/exchange_fixture.h"
#include "record/record_fixture.h"
#include "tests/support/postgres.h"

namespace fristad {
namespace {

using testing::note;

std::unique_ptr<Journal> opened(Store& store) {
  auto journal = Journal::open(store, testing::note_kinds(), testing::test_keys(), testing::test_options());
  EXPECT_TRUE(journal) << journal.error().message;
  return journal ? *std::move(journal) : nullptr;
}

void write_history(Journal& journal) {
  for (int i = 0; i < 30; ++i) {
    Draft draft = note("note " + std::to_string(i));
    if (i % 3 == 0) draft.items = {R"({"word":"one"})", R"({"word":"two"})"};
    const auto done = journal.transact("tester", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      if (i % 5 == 4) return Error{Code::conflict, "not this one"};
      return {};
    });
    EXPECT_EQ(done.has_value(), i % 5 != 4);
  }
  const RecordId whole = journal.read(Place{shared_log, 1})->id;
  EXPECT_TRUE(journal.erase("tester", whole, {}, "retention"));
  const std::uint32_t item = 1;
  const RecordId part = journal.read(Place{shared_log, 3})->id;
  EXPECT_TRUE(journal.erase("tester", part, {&item, 1}, "court"));
  EXPECT_TRUE(journal.checkpoint(shared_log));
  EXPECT_TRUE(journal.scrub());
}

TEST(RecordStores, GiveTheSameAnswers) {
  auto* const postgres = testing::TemporaryPostgres::shared();
  ASSERT_NE(postgres, nullptr);
  const testing::TemporaryFolder folder;
  Store sqlite = *Store::open({.sqlite_path = folder / "node.db"});
  Store server = *Store::open({.postgres = postgres->conninfo()});
  std::string dump;
  {
    const auto one = opened(sqlite);
    const auto other = opened(server);
    ASSERT_TRUE(one && other);
    write_history(*one);
    write_history(*other);
    dump = testing::dump_of(*one);
    EXPECT_EQ(testing::dump_of(*other), dump);
    for (const std::uint32_t log : {shared_log, private_log}) {
      EXPECT_EQ(one->head(log).root, other->head(log).root) << "the same randomness, the same tree";
      const VerifyReport report = testing::verified(*other, log);
      EXPECT_TRUE(report.good()) << report.problems.front();
    }
    ASSERT_TRUE(other->rebuild());
    EXPECT_EQ(testing::dump_of(*other), dump);
  }

  // From the server into a new file.
  Store copy = *Store::open({.sqlite_path = folder / "copy.db"});
  {
    const auto from = *server.snapshot();
    const auto to = *copy.connect();
    ASSERT_TRUE(migrate(*to, all_migrations(testing::note_kinds())));
    const Status copied = copy_records(*from, *to);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(copy_records(*from, *to).error().code, Code::already_exists);
  }
  const auto journal = opened(copy);
  ASSERT_NE(journal, nullptr);
  ASSERT_TRUE(journal->rebuild());
  EXPECT_EQ(testing::dump_of(*journal), dump);
  EXPECT_TRUE(testing::verified(*journal, shared_log).good());
}

// A node that lost all that it wrote, but not its keys, on a server: what another has read comes back.
TEST(RecordStores, WhatOthersHaveReadComesBackOnAServer) {
  testing::JournalMember se("se");
  testing::JournalMember us("us");
  write_history(*se.journal);
  se.says(
      {.kind = "note.added", .scope = "0123456789abcdef0123456789abcdef", .body = Json::object({{"text", "lost"}})});
  se.says(note("last"));
  testing::pull_leaves(*se.journal, *us.journal);
  testing::pull_scope(*se.journal, *us.journal, "alliance");
  auto postgres = testing::TemporaryPostgres::start();
  ASSERT_TRUE(postgres) << postgres.error().message;
  Store server = *Store::open({.postgres = postgres->conninfo()});
  auto opened = Journal::open(server, se.kinds, se.keys(), testing::test_options(se.random));
  ASSERT_TRUE(opened) << opened.error().message;
  Journal& again = **opened;
  again.hold_shared("restored");
  ASSERT_TRUE(again.start_recovery("tester"));
  const auto leaves = testing::leaves_of(*se.journal, 0);
  const std::string signed_note = *se.journal->checkpoint(shared_log);
  Extension extension = testing::extension_of(*se.journal, 0, leaves);
  extension.note = signed_note;
  const Status extended = again.extend(extension);
  ASSERT_TRUE(extended) << extended.error().message;
  auto parcels = us.journal->parcels(us.journal->known_log("se")->number, "alliance", 1, 1 << 20).value();
  // One is gone everywhere, but no erasure says so.
  parcels[5].content.clear();
  const auto taken = again.recover("alliance", parcels.back().sequence, parcels);
  ASSERT_TRUE(taken) << taken.error().message;
  const auto recovered = again.end_recovery("tester");
  ASSERT_TRUE(recovered) << recovered.error().message;
  EXPECT_EQ(recovered->records, *taken);
  EXPECT_EQ(recovered->lost, 2u);
  again.hold_shared("");
  EXPECT_EQ(again.spans(shared_log).value().front(), se.journal->spans(shared_log).value().back());
  EXPECT_EQ(again.head(shared_log).root, se.journal->head(shared_log).root);
  EXPECT_TRUE(again.wrong_views()->empty());
  const VerifyReport report = testing::verified(again, shared_log);
  EXPECT_TRUE(report.good()) << report.problems.front();
  ASSERT_TRUE(again.record_due_erasures("tester"));
}

// The first socket of this process to a server of PostgreSQL says nothing more; what is sent to it arrives.
bool deafen_first_connection() {
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_un peer{};
    socklen_t size = sizeof peer - 1;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || peer.sun_family != AF_UNIX) continue;
    if (std::string_view(peer.sun_path).find(".s.PGSQL") == std::string_view::npos) continue;
    return shutdown(fd, SHUT_RD) == 0;
  }
  return false;
}

// The server commits, but its answer is lost on the way: nothing may be recorded twice, or be in the log and unknown to
// those who follow it.
TEST(RecordStores, ACommitWhoseAnswerIsLostIsFoundOut) {
  auto postgres = testing::TemporaryPostgres::start();
  ASSERT_TRUE(postgres) << postgres.error().message;
  Store store = *Store::open({.postgres = postgres->conninfo()});
  bool lose = false;
  JournalOptions options = testing::test_options();
  options.failpoint = [&lose](std::string_view step) {
    if (step != "before commit" || !std::exchange(lose, false)) return;
    EXPECT_TRUE(deafen_first_connection());
  };
  auto opened = Journal::open(store, testing::note_kinds(), testing::test_keys(), options);
  ASSERT_TRUE(opened) << opened.error().message;
  Journal& journal = **opened;
  std::vector<std::string> followed;
  journal.subscribe([&](std::span<const Record> records) {
    for (const Record& record : records) {
      if (record.place.log == shared_log) followed.push_back(*record.payload.body.find("text")->text());
    }
  });
  const auto record = [&](const std::string& text) {
    return journal.transact("tester", [&](Decision& decision) -> Status {
      TRY(decision.emit(note(text)));
      return {};
    });
  };
  ASSERT_TRUE(record("before"));
  lose = true;
  const auto unanswered = record("unanswered");
  EXPECT_TRUE(unanswered) << unanswered.error().message;
  const auto after = record("after");
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(followed, (std::vector<std::string>{"before", "unanswered", "after"}));
  EXPECT_EQ(journal.head(shared_log).size, 3u);
  for (const std::uint32_t log : {shared_log, private_log}) {
    const VerifyReport report = testing::verified(journal, log);
    EXPECT_TRUE(report.good()) << report.problems.front();
  }
}

}  // namespace
}  // namespace fristad
