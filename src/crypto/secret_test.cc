#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

namespace fristad {
namespace {

Random counting() {
  return [](std::span<std::uint8_t> bytes) -> Status {
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i + 1);
    return {};
  };
}

TEST(Secret, IsWipedWhenDestroyed) {
  alignas(Key) std::array<std::uint8_t, sizeof(Key)> memory{};
  auto* const key = new (memory.data()) Key(Key::generate(counting()).value());
  ASSERT_EQ(key->bytes()[31], 32);
  std::destroy_at(key);
  EXPECT_TRUE(std::ranges::all_of(memory, [](std::uint8_t byte) { return byte == 0; }));
}

TEST(Secret, IsWipedWhenMovedFrom) {
  Key key = Key::generate(counting()).value();
  const Key copy = key.copy();
  Key moved = std::move(key);
  EXPECT_TRUE(key == Key());  // NOLINT(bugprone-use-after-move): what is promised
  EXPECT_TRUE(moved == copy);
  Key assigned;
  assigned = std::move(moved);
  EXPECT_TRUE(moved == Key());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(assigned == copy);
}

TEST(Secret, CannotBeCopiedByAccident) {
  static_assert(!std::is_copy_constructible_v<Key> && !std::is_copy_assignable_v<Key>);
  static_assert(std::is_nothrow_move_constructible_v<Key> && std::is_nothrow_move_assignable_v<Key>);
}

TEST(Secret, PassesOnWhatRandomSays) {
  const auto key = Key::generate([](std::span<std::uint8_t>) -> Status {
    return Error{Code::unavailable, "no random bytes"};
  });
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::unavailable);
}

TEST(Secret, ComparesBytesAndSizes) {
  const std::array<std::uint8_t, 3> one{1, 2, 3};
  const std::array<std::uint8_t, 3> other{1, 2, 4};
  EXPECT_TRUE(equal_secrets(one, one));
  EXPECT_FALSE(equal_secrets(one, other));
  EXPECT_FALSE(equal_secrets(one, std::span(one).first(2)));
  EXPECT_TRUE(equal_secrets({}, {}));
}

TEST(Secret, WipesTheWholeMemoryOfAText) {
  std::string text(100, 'x');
  text.resize(3);
  const char* const memory = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  ASSERT_EQ(text.data(), memory);
  text.resize(0);
  EXPECT_EQ(memory[0], 0);
}

}  // namespace
}  // namespace fristad
