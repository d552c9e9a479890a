#include "api/idempotency.h"

#include <gtest/gtest.h>

#include "api/api.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

const Kinds& kinds() {
  static const Kinds all({&journal_view(), &api_view()});
  return all;
}

class IdempotencyTest : public ::testing::Test {
 protected:
  Status decide(const IdempotencyKeys::Asked& asked, const Status& outcome = {}) {
    TRY(journal_->transact({"eva", IdempotencyKeys::note(asked)}, [&](Decision&) { return outcome; }));
    return {};
  }

  testing::TemporaryFolder folder_;
  Store store_ = *Store::open({.sqlite_path = folder_ / "node.db"});
  std::unique_ptr<Journal> journal_ =
      *Journal::open(store_, kinds(), testing::test_keys(), testing::test_options(testing::counting_random()));
  const Key key_{std::array<std::uint8_t, 32>{7}};
  IdempotencyKeys keys_{*journal_, key_, testing::counting_random()};
};

TEST_F(IdempotencyTest, TheSecondTimeTheSameIsAnswered) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  EXPECT_FALSE(*keys_.answer_before(asked));
  ASSERT_TRUE(decide(asked));
  Response made = Response::json(201, "{\"list\":1}");
  made.headers.add("ETag", "\"r1\"");
  made.headers.add("Location", "/api/v1/lists/1");
  made.headers.add("Set-Cookie", "not kept");
  ASSERT_TRUE(keys_.keep(asked, made));
  const auto again = keys_.answer_before(asked);
  ASSERT_TRUE(again && *again);
  EXPECT_EQ((*again)->status, 201);
  EXPECT_EQ((*again)->body, "{\"list\":1}");
  EXPECT_EQ((*again)->headers.find("Idempotency-Replayed"), "true");
  EXPECT_EQ((*again)->headers.find("ETag"), "\"r1\"");
  EXPECT_EQ((*again)->headers.find("Location"), "/api/v1/lists/1");
  EXPECT_FALSE((*again)->headers.has("Set-Cookie"));
}

TEST_F(IdempotencyTest, NothingOfTheAnswerIsInTheDatabase) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  ASSERT_TRUE(decide(asked));
  ASSERT_TRUE(keys_.keep(asked, Response::json(200, R"({"note":"of Eva alone"})")));
  const auto reader = *store_.connect(true);
  int rows = 0;
  ASSERT_TRUE(reader->query("SELECT answer FROM idempotency", {}, [&](const SqlRow& row) {
    ++rows;
    EXPECT_EQ(as_text(row.bytes(0)).find("Eva"), std::string_view::npos);
    return Status();
  }));
  EXPECT_EQ(rows, 1);
}

TEST_F(IdempotencyTest, AKeyBelongsToOneRequestOfOnePerson) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  ASSERT_TRUE(decide(asked));
  EXPECT_EQ(keys_.answer_before(IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{ }")).error().code,
            Code::invalid_argument);
  EXPECT_FALSE(*keys_.answer_before(IdempotencyKeys::asked("ada", "k1", "/api/v1/lists", "{}")));
}

TEST_F(IdempotencyTest, OfTwoAtOnceOneIsCarriedOut) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  ASSERT_TRUE(decide(asked));
  EXPECT_EQ(decide(asked).error().code, Code::conflict);
  // Whose answer is lost, is told that it was done.
  EXPECT_EQ(keys_.answer_before(asked).error().code, Code::conflict);
}

TEST_F(IdempotencyTest, WhatFailedMayBeTriedAgain) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  EXPECT_FALSE(decide(asked, Error{Code::unavailable, "disk full"}));
  EXPECT_FALSE(*keys_.answer_before(asked));
  EXPECT_TRUE(decide(asked));
}

TEST_F(IdempotencyTest, AfterADayItIsForgotten) {
  const auto asked = IdempotencyKeys::asked("eva", "k1", "/api/v1/lists", "{}");
  ASSERT_TRUE(decide(asked));
  ASSERT_TRUE(keys_.keep(asked, Response::json(200, "{}")));
  ASSERT_TRUE(keys_.tend(journal_->now_ms() + 86'000'000));
  EXPECT_TRUE(*keys_.answer_before(asked));
  ASSERT_TRUE(keys_.tend(journal_->now_ms() + 87'000'000));
  EXPECT_FALSE(*keys_.answer_before(asked));
}

}  // namespace
}  // namespace fristad
