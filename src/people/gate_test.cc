#include "people/gate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fristad {
namespace {

TEST(Gate, LetsInSoManyAndNoMore) {
  Gate gate(2);
  auto one = gate.enter();
  {
    const auto two = gate.enter();
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(gate.enter());
    EXPECT_FALSE(gate.enter()) << "who was refused takes no place";
  }
  const auto moved = std::move(one);
  const auto three = gate.enter();
  EXPECT_TRUE(three);
  EXPECT_FALSE(gate.enter());
}

TEST(Gate, NeverHoldsMoreWhenManyPush) {
  Gate gate(4);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2000; ++round) {
        const auto pass = gate.enter();
        if (!pass) continue;
        const int now = ++inside;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 4);
  EXPECT_TRUE(gate.enter());
}

}  // namespace
}  // namespace fristad
