#include "api/hashers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/whole_file.h"

namespace fristad {
namespace {

SandboxOptions sandbox() {
  SandboxOptions options;
  options.program = FRISTAD_PROGRAM;
  return options;
}

std::string photo() {
  return *read_file(FRISTAD_TEST_DATA "/dih/bridge-1-original.jpg", 1 << 22);
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(HashersTest, ManyTakeTurns) {
  const auto hashers = *Hashers::start(2, sandbox());
  const std::string image = photo();
  std::atomic<int> hashed = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto hash = hashers->hash(bytes_of(image), 60'000);
      if (hash && hash->width == 1600) ++hashed;
    });
  }
  threads.clear();
  EXPECT_EQ(hashed, 6);
  EXPECT_EQ(hashers->hash(bytes_of("no image"), 60'000).error().code, Code::unsupported);
  EXPECT_TRUE(hashers->hash(bytes_of(image), 60'000));
}

TEST(HashersTest, WhoGetsNoTurnIsTold) {
  const auto hashers = *Hashers::start(0, sandbox());
  EXPECT_EQ(hashers->hash(bytes_of("x"), 1).error().code, Code::unavailable);
}

TEST(UploadBudgetTest, IsGivenBack) {
  UploadBudget budget(10);
  EXPECT_TRUE(budget.take(6));
  EXPECT_FALSE(budget.take(5));
  EXPECT_TRUE(budget.take(4));
  budget.give_back(6);
  EXPECT_TRUE(budget.take(6));
}

}  // namespace
}  // namespace fristad
