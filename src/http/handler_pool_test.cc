#include "http/handler_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>

namespace fristad {
namespace {

TEST(HandlerPool, RunsEverything) {
  std::atomic<int> count = 0;
  std::latch done(1000);
  HandlerPool pool(3, 1000);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(pool.post([&] {
      ++count;
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_EQ(count, 1000);
}

TEST(HandlerPool, RefusesWhatDoesNotFit) {
  std::latch begun(2);
  std::latch go(1);
  HandlerPool pool(2, 3);
  const auto job = [&] {
    begun.count_down();
    go.wait();
  };
  ASSERT_TRUE(pool.post(job));
  ASSERT_TRUE(pool.post(job));
  begun.wait();
  EXPECT_EQ(pool.running(), 2u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.post([] {}));
  EXPECT_EQ(pool.waiting(), 3u);
  EXPECT_FALSE(pool.post([] {}));
  go.count_down();
}

TEST(HandlerPool, NeedsNoQueueForIdleThreads) {
  std::latch done(2);
  HandlerPool pool(2, 0);  // its threads end before what they use
  const auto job = [&] {
    done.count_down();
    done.wait();  // for the other: so both run at once
  };
  EXPECT_TRUE(pool.post(job));
  EXPECT_TRUE(pool.post(job));
  done.wait();
}

TEST(HandlerPool, StopsAfterWhatRunsAndDropsWhatWaits) {
  const auto held = std::make_shared<int>(1);
  std::latch begun(1);
  std::atomic<bool> ended = false;
  std::atomic<bool> stopping = false;
  HandlerPool pool(1, 10);
  ASSERT_TRUE(pool.post([&] {
    begun.count_down();
    while (!stopping) std::this_thread::yield();
    ended = true;
  }));
  begun.wait();
  ASSERT_TRUE(pool.post([held] { FAIL() << "was dropped"; }));
  const std::jthread other([&] {
    while (pool.waiting() > 0) std::this_thread::yield();
    stopping = true;
  });
  pool.stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(pool.post([] {}));
}

}  // namespace
}  // namespace fristad
