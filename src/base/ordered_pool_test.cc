#include "base/ordered_pool.h"

#include <gtest/gtest.h>

#include <new>
#include <random>

namespace fristad {
namespace {

struct Numbers {
  int count;
  int at = 0;
  bool next(int& item) {
    if (at == count) return false;
    item = at++;
    return true;
  }
};

TEST(OrderedPool, EmitsEverythingInOrder) {
  for (const int threads : {1, 2, 7}) {
    for (const std::size_t ring : {1u, 3u, 64u}) {
      Numbers numbers{500};
      std::vector<int> out;
      const std::atomic<bool> stop = false;
      const Status status = run_ordered<int, int>({.next = [&](int& item) { return numbers.next(item); },
                                                   .work =
                                                       [](int, int& item) {
                                                         if (item % 7 == 0) std::this_thread::yield();
                                                         return item * 2;
                                                       },
                                                   .emit =
                                                       [&](int& output) {
                                                         out.push_back(output);
                                                         return true;
                                                       }},
                                                  threads, ring, stop);
      ASSERT_TRUE(status);
      ASSERT_EQ(out.size(), 500u);
      for (int i = 0; i < 500; ++i) ASSERT_EQ(out[static_cast<std::size_t>(i)], 2 * i);
    }
  }
}

TEST(OrderedPool, NeverRunsFurtherAheadThanTheRing) {
  Numbers numbers{1000};
  std::atomic<int> emitted = 0;
  int ahead_max = 0;
  const std::atomic<bool> stop = false;
  ASSERT_TRUE((run_ordered<int, int>({.next =
                                          [&](int& item) {
                                            ahead_max = std::max(ahead_max, numbers.at - emitted.load());
                                            return numbers.next(item);
                                          },
                                      .work = [](int, int& item) { return item; },
                                      .emit =
                                          [&](int&) {
                                            ++emitted;
                                            return true;
                                          }},
                                     4, 8, stop)));
  // `emitted` here may run one ahead of the pool's own count, never behind by more than one.
  EXPECT_LE(ahead_max, 8);
  EXPECT_EQ(emitted, 1000);
}

TEST(OrderedPool, StopsWhenAskedAndEmitsWhatWasTaken) {
  Numbers numbers{1'000'000};
  std::atomic<bool> stop = false;
  int emitted = 0;
  ASSERT_TRUE((run_ordered<int, int>({.next = [&](int& item) { return numbers.next(item); },
                                      .work =
                                          [&](int, int& item) {
                                            if (item == 100) stop = true;
                                            return item;
                                          },
                                      .emit =
                                          [&](int& output) {
                                            EXPECT_EQ(output, emitted++);
                                            return true;
                                          }},
                                     3, 16, stop)));
  EXPECT_EQ(emitted, numbers.at);
  EXPECT_LT(emitted, 1000);
}

TEST(OrderedPool, EndsWhenTheConsumerRefuses) {
  Numbers numbers{1'000'000};
  const std::atomic<bool> stop = false;
  int emitted = 0;
  ASSERT_TRUE((run_ordered<int, int>({.next = [&](int& item) { return numbers.next(item); },
                                      .work = [](int, int& item) { return item; },
                                      .emit = [&](int&) { return ++emitted < 50; }},
                                     3, 16, stop)));
  EXPECT_EQ(emitted, 50);
}

TEST(OrderedPool, OutOfMemoryInAThreadIsAnError) {
  Numbers numbers{100'000};
  const std::atomic<bool> stop = false;
  const Status status = run_ordered<int, int>({.next = [&](int& item) { return numbers.next(item); },
                                               .work = [](int, int& item) -> int {
                                                 if (item == 30) throw std::bad_alloc();
                                                 return item;
                                               },
                                               .emit = [](int&) { return true; }},
                                              3, 16, stop);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::unavailable);
}

}  // namespace
}  // namespace fristad
