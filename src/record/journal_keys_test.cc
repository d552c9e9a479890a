#include <gtest/gtest.h>

#include "crypto/note.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

using testing::note;

constexpr std::uint64_t never = UINT64_MAX;

Key seed(std::uint8_t fill) {
  Key key;
  std::ranges::fill(key.bytes(), fill);
  return key;
}
SigningKey record_key(std::uint8_t series) {
  return SigningKey::from_seed(seed(static_cast<std::uint8_t>(10 * series + 1)));
}
SigningKey log_key(std::uint8_t series) {
  return SigningKey::from_seed(seed(static_cast<std::uint8_t>(10 * series + 2)));
}
LaterKeys keys(std::uint8_t series, std::uint64_t shared_from, std::uint64_t private_from, bool agreed) {
  return {.record_key = record_key(series),
          .log_key = log_key(series),
          .from = {shared_from, private_from},
          .agreed = agreed};
}

class JournalKeysTest : public ::testing::Test {
 protected:
  JournalKeysTest() : store(*Store::open({.sqlite_path = folder_ / "node.db"})) { open({}); }

  void open(std::vector<LaterKeys> later) {
    journal.reset();
    JournalKeys all = testing::test_keys();
    all.later = std::move(later);
    auto opened = Journal::open(store, testing::note_kinds(), std::move(all), testing::test_options());
    ASSERT_TRUE(opened) << opened.error().message;
    journal = *std::move(opened);
  }
  Status says(int count, std::string scope = "alliance") {
    for (int i = 0; i < count; ++i) {
      Draft draft = note("n");
      draft.scope = scope;
      const auto done = journal->transact("tester", [&](Decision& decision) -> Status {
        TRY(decision.emit(draft));
        return {};
      });
      if (!done) return done.error();
    }
    return {};
  }
  void replace(const std::function<std::vector<LaterKeys>(std::uint64_t private_size)>& make) {
    const Status replaced = journal->replace_later_keys([&](const auto& sizes) -> Result<std::vector<LaterKeys>> {
      EXPECT_EQ(sizes[shared_log], journal->head(shared_log).size);
      return make(sizes[private_log]);
    });
    ASSERT_TRUE(replaced) << replaced.error().message;
  }
  static std::vector<LaterKeys> one(LaterKeys only) {
    std::vector<LaterKeys> all;
    all.push_back(std::move(only));
    return all;
  }
  bool is_signed_by(std::uint64_t position, const PublicKey& key) const {
    bool good = false;
    EXPECT_TRUE(journal->for_each_leaf(shared_log, position, [&](std::uint64_t at, const LeafBytes& bytes) {
      if (at == position) good = verify_leaf(*decode_leaf(bytes), journal->head(shared_log).origin, key);
      return Status();
    }));
    return good;
  }
  // The key that the head of the shared log, as it is, has the signature of.
  bool head_is_signed_by(const PublicKey& key) const {
    const std::string signed_head = journal->checkpoint(shared_log).value();
    return verify_checkpoint(signed_head, {.name = journal->head(shared_log).origin, .key = key}, {}).has_value();
  }

  testing::TemporaryFolder folder_;
  Store store;
  std::unique_ptr<Journal> journal;
  const PublicKey old_record = testing::test_keys().record_key.public_key();
  const PublicKey old_log = testing::test_keys().log_key.public_key();
};

TEST_F(JournalKeysTest, EachRecordAndEachHeadHasTheKeyOfItsPosition) {
  ASSERT_TRUE(says(3));
  replace([](std::uint64_t private_size) { return one(keys(2, 5, private_size, true)); });
  EXPECT_EQ(journal->next_keys_from(3), 5u);
  EXPECT_EQ(journal->next_keys_from(5), std::nullopt);
  EXPECT_EQ(journal->record_key(), old_record);
  ASSERT_TRUE(says(2));
  EXPECT_TRUE(head_is_signed_by(old_log)) << "it has only records of the old key";
  EXPECT_EQ(journal->record_key(), record_key(2).public_key());
  EXPECT_EQ(journal->log_key(shared_log, 5), old_log);
  EXPECT_EQ(journal->log_key(shared_log, 6), log_key(2).public_key());
  ASSERT_TRUE(says(2));
  EXPECT_TRUE(head_is_signed_by(log_key(2).public_key()));
  for (std::uint64_t at = 0; at < 7; ++at) {
    EXPECT_TRUE(is_signed_by(at, at < 5 ? old_record : record_key(2).public_key())) << at;
  }
  for (const std::uint32_t log : {shared_log, private_log}) EXPECT_TRUE(testing::verified(*journal, log).good());
  // What others check that we sign is with the key in use.
  const std::string words = "a receipt";
  EXPECT_TRUE(verify(journal->record_key(), as_bytes(words), journal->sign(as_bytes(words))));
}

TEST_F(JournalKeysTest, OpenedAgainWithAllItsKeysItVerifiesAndWithoutThemNot) {
  ASSERT_TRUE(says(3));
  replace([](std::uint64_t private_size) { return one(keys(2, 4, private_size, true)); });
  const std::uint64_t private_size = journal->head(private_log).size;
  ASSERT_TRUE(says(3));
  ASSERT_TRUE(journal->checkpoint(shared_log));
  ASSERT_TRUE(journal->checkpoint(private_log));
  open(one(keys(2, 4, private_size, true)));
  for (const std::uint32_t log : {shared_log, private_log}) EXPECT_TRUE(testing::verified(*journal, log).good());
  ASSERT_TRUE(says(1));
  for (const std::uint32_t log : {shared_log, private_log}) EXPECT_TRUE(testing::verified(*journal, log).good());
  open(one(keys(2, 5, private_size, true)));
  EXPECT_FALSE(testing::verified(*journal, shared_log).good()) << "from another position on";
  open({});
  for (const std::uint32_t log : {shared_log, private_log}) EXPECT_FALSE(testing::verified(*journal, log).good());
}

TEST_F(JournalKeysTest, NothingIsRecordedWithKeysThatNobodyHasAgreedTo) {
  ASSERT_TRUE(says(2));
  replace([](std::uint64_t) { return one(keys(2, 4 + last_places, never, false)); });
  EXPECT_EQ(journal->shared_held(), "");
  ASSERT_TRUE(says(2)) << "there is room for two";
  const Status refused = says(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_EQ(journal->shared_held(), refused.error().message);
  EXPECT_EQ(journal->head(shared_log).size, 4u);
  EXPECT_TRUE(says(2, "private")) << "what is private goes on";
  EXPECT_TRUE(head_is_signed_by(old_log)) << "so that the others can read what they are to vote on";
  EXPECT_EQ(journal->record_key(), old_record);
  // The last places are for what brings the others to agree, as this one is.
  ASSERT_TRUE(journal->fill_shared("tester", 4 + last_places));
  EXPECT_FALSE(journal->fill_shared("tester", 5 + last_places));
  EXPECT_EQ(journal->head(shared_log).size, 4 + last_places);
  EXPECT_TRUE(head_is_signed_by(old_log));
  replace([](std::uint64_t private_size) { return one(keys(2, 4 + last_places, private_size, true)); });
  EXPECT_EQ(journal->shared_held(), "");
  ASSERT_TRUE(says(1));
  EXPECT_TRUE(is_signed_by(4 + last_places, record_key(2).public_key()));
  for (const std::uint32_t log : {shared_log, private_log}) EXPECT_TRUE(testing::verified(*journal, log).good());
}

TEST_F(JournalKeysTest, TheRestOfTheRoomIsFilledWithWhatNobodyReads) {
  ASSERT_TRUE(says(2));
  replace([](std::uint64_t) { return one(keys(2, 600, never, false)); });
  ASSERT_TRUE(journal->fill_shared("tester", 600));
  EXPECT_EQ(journal->head(shared_log).size, 600u);
  ASSERT_TRUE(journal->fill_shared("tester", 600));
  EXPECT_EQ(journal->head(shared_log).size, 600u);
  const Record filler = journal->read(Place{shared_log, 599}).value();
  EXPECT_EQ(filler.payload.kind, kind_filled);
  EXPECT_TRUE(filler.payload.scope != "public" && filler.payload.scope != "alliance") << filler.payload.scope;
  EXPECT_FALSE(journal->fill_shared("tester", 601)) << "those aren't agreed on";
  EXPECT_EQ(journal->head(shared_log).size, 600u);
  EXPECT_TRUE(testing::verified(*journal, shared_log).good());
  EXPECT_TRUE(journal->wrong_views()->empty());
}

TEST_F(JournalKeysTest, WhatCannotBeKeptChangesNothing) {
  ASSERT_TRUE(says(2));
  const Status refused = journal->replace_later_keys([](const auto&) -> Result<std::vector<LaterKeys>> {
    return Error{Code::unavailable, "the disk is full"};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the disk is full");
  ASSERT_TRUE(says(2));
  EXPECT_TRUE(is_signed_by(3, old_record));
  EXPECT_EQ(journal->next_keys_from(0), std::nullopt);
}

}  // namespace
}  // namespace fristad
