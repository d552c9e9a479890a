#include "federation/peer_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::random_named;

// Longer than any test: what comes within it was asked for.
constexpr std::int64_t never_ms = 3'600'000;

// What the loop's work did, and what it is to say. Lives longer than the loop.
class Script {
 public:
  PeerLoop::Work work() {
    PeerLoop::Work work;
    work.ask = [this](Question question, std::string_view) -> Result<std::string> {
      EXPECT_EQ(question, Question::poke);
      const std::scoped_lock lock(mutex_);
      ++pokes_;
      changed_.notify_all();
      if (poke_fails_ > 0 && poke_fails_-- > 0) return Error{Code::unavailable, "gone"};
      return std::string();
    };
    work.read = [this]() -> Result<Found> {
      std::unique_lock lock(mutex_);
      ++reads_;
      changed_.notify_all();
      if (hangs_) changed_.wait(lock, [&] { return cancelled_; });
      if (cancelled_) return Error{Code::cancelled, "cancelled"};
      if (fails_ > 0 && fails_-- > 0) return Error{Code::unavailable, "gone"};
      if (unfinished_ > 0 && unfinished_-- > 0) return Found::unfinished;
      return more_ > 0 && more_-- > 0 ? Found::something : Found::nothing;
    };
    work.failed = [this](const Error& error) {
      EXPECT_EQ(error.code, Code::unavailable);
      const std::scoped_lock lock(mutex_);
      ++failures_;
      changed_.notify_all();
    };
    work.cancel = [this] {
      const std::scoped_lock lock(mutex_);
      cancelled_ = true;
      changed_.notify_all();
    };
    return work;
  }

  void wait_for_reads(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reads_ >= count; });
  }
  void wait_for_pokes(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return pokes_ >= count; });
  }
  void wait_for_failures(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failures_ >= count; });
  }
  void set(int& what, int to) {
    const std::scoped_lock lock(mutex_);
    what = to;
  }

  int fails_ = 0;       // so many reads
  int poke_fails_ = 0;  // so many pokes
  int more_ = 0;        // after so many reads there is more
  int unfinished_ = 0;  // so many reads
  bool hangs_ = false;  // in reading, until it is cancelled

  int reads() {
    const std::scoped_lock lock(mutex_);
    return reads_;
  }
  int failures() {
    const std::scoped_lock lock(mutex_);
    return failures_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int reads_ = 0;
  int pokes_ = 0;
  int failures_ = 0;
  bool cancelled_ = false;
};

TEST(PeerLoop, WaitsAreDoubledUpToALimit) {
  const PeerPace pace{.retry_ms = 1000, .retry_max_ms = 900'000};
  EXPECT_EQ(retry_after_ms(pace, 0), 1000);
  EXPECT_EQ(retry_after_ms(pace, 1), 1000);
  EXPECT_EQ(retry_after_ms(pace, 2), 2000);
  EXPECT_EQ(retry_after_ms(pace, 5), 16'000);
  EXPECT_EQ(retry_after_ms(pace, 10), 512'000);
  EXPECT_EQ(retry_after_ms(pace, 11), 900'000);
  EXPECT_EQ(retry_after_ms(pace, 1'000'000), 900'000) << "however often";
}

TEST(PeerLoop, ReadsAtOnceAndAsLongAsThereIsMore) {
  Script script;
  script.more_ = 5;
  const PeerLoop loop(script.work(), {.beat_ms = never_ms}, random_named("loop"));
  script.wait_for_reads(6);
}

TEST(PeerLoop, LooksAgainSoonForWhatStandsBehindTheHead) {
  Script script;
  script.unfinished_ = 3;
  const PeerLoop loop(script.work(), {.beat_ms = never_ms, .soon_ms = 1}, random_named("loop"));
  script.wait_for_reads(4);
}

TEST(PeerLoop, ReadsEachBeat) {
  Script script;
  const PeerLoop loop(script.work(), {.beat_ms = 1}, random_named("loop"));
  script.wait_for_reads(4);
}

TEST(PeerLoop, ReadsWhenItIsTold) {
  Script script;
  PeerLoop loop(script.work(), {.beat_ms = never_ms}, random_named("loop"));
  for (int i = 1; i <= 3; ++i) {
    script.wait_for_reads(i);
    loop.read_now();
  }
  script.wait_for_reads(4);
}

TEST(PeerLoop, TellsOfWhatIsNew) {
  Script script;
  PeerLoop loop(script.work(), {.beat_ms = never_ms}, random_named("loop"));
  script.wait_for_reads(1);
  loop.announce();
  script.wait_for_pokes(1);
  loop.announce();
  script.wait_for_pokes(2);
  loop.read_now();
  script.wait_for_reads(2);
}

TEST(PeerLoop, TriesAgainAfterAFailure) {
  Script script;
  script.fails_ = 3;
  const PeerLoop loop(script.work(), {.beat_ms = never_ms, .retry_ms = 1, .retry_max_ms = 2}, random_named("loop"));
  script.wait_for_failures(3);
  script.wait_for_reads(4);
  EXPECT_EQ(script.failures(), 3);
}

// Who has heard of us again is asked at once, however long we meant to wait.
TEST(PeerLoop, ReadNowEndsTheWaitAfterAFailure) {
  Script script;
  script.fails_ = 1;
  PeerLoop loop(script.work(), {.beat_ms = never_ms, .retry_ms = never_ms, .retry_max_ms = never_ms},
                [](std::span<std::uint8_t>) {
                  return Status(Error{Code::unavailable, "no dice: the whole time"});
                });
  script.wait_for_failures(1);
  loop.announce();
  EXPECT_EQ(script.reads(), 1) << "that we have something new doesn't end it";
  loop.read_now();
  script.wait_for_reads(2);
}

TEST(PeerLoop, AnAnnouncementThatIsLostIsFollowedByReading) {
  Script script;
  PeerLoop loop(script.work(), {.beat_ms = never_ms, .retry_ms = 1, .retry_max_ms = 1}, random_named("loop"));
  script.wait_for_reads(1);
  script.set(script.poke_fails_, 1);
  loop.announce();
  script.wait_for_failures(1);
  script.wait_for_reads(2);
}

TEST(PeerLoop, EndsWhileItWaits) {
  Script script;
  {
    const PeerLoop loop(script.work(), {.beat_ms = never_ms}, random_named("loop"));
    script.wait_for_reads(1);
  }
  EXPECT_EQ(script.reads(), 1);
  Script at_once;
  { const PeerLoop loop(at_once.work(), {.beat_ms = never_ms}, random_named("loop")); }
  EXPECT_LE(at_once.reads(), 1);
}

TEST(PeerLoop, EndsAnAnswerThatNeverComes) {
  Script script;
  script.hangs_ = true;
  {
    const PeerLoop loop(script.work(), {.beat_ms = never_ms}, random_named("loop"));
    script.wait_for_reads(1);
  }
  EXPECT_EQ(script.failures(), 0) << "its own end is no trouble of the other's";
}

}  // namespace
}  // namespace fristad
