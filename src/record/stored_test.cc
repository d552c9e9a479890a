#include "record/stored.h"

#include <gtest/gtest.h>

#include "record/record_fixture.h"

namespace fristad {
namespace {

Stored example() {
  Stored stored{.content = {.payload = R"({"a":1})", .items = {"one", "two", "three"}}};
  stored.salt.fill(5);
  return stored;
}

class StoredTest : public ::testing::Test {
 protected:
  Result<Stored> through(const Stored& stored, Place in, Place out) {
    const auto sealed = seal_stored(stored, in, key_, random_);
    EXPECT_TRUE(sealed);
    return open_stored(sealed->key, sealed->bytes, out, key_);
  }
  Random random_ = testing::counting_random();
  const Key key_ = *Key::generate(random_);
};

TEST_F(StoredTest, ComesBackAndOnlyInItsPlace) {
  const Place place{1, 17};
  const auto back = through(example(), place, place);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->commitment(), example().commitment());
  EXPECT_EQ(back->payload(), example().payload());
  EXPECT_FALSE(through(example(), place, {1, 18}));
  EXPECT_FALSE(through(example(), place, {0, 17}));
}

TEST_F(StoredTest, AnErasedItemLeavesItsProofAndNothingElse) {
  Stored stored = example();
  const Digest before = stored.commitment();
  const std::array<std::uint32_t, 2> items{1, 2};
  ASSERT_TRUE(stored.erase_items(items));
  EXPECT_EQ(stored.commitment(), before);
  const Place place{0, 3};
  auto back = through(stored, place, place);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->commitment(), before);
  EXPECT_EQ(back->salt, Salt{}) << "from it the salts of the erased would follow";
  EXPECT_EQ(back->open.at(2).salt, Salt{});
  EXPECT_EQ(std::move(*back).items(), (std::vector<std::string>{"one", "", ""}));
  const std::array<std::uint32_t, 1> absent{3};
  EXPECT_EQ(stored.erase_items(absent).error().code, Code::invalid_argument);
}

TEST_F(StoredTest, AnyChangedByteIsNoticed) {
  const Place place{0, 3};
  const auto sealed = seal_stored(example(), place, key_, random_);
  ASSERT_TRUE(sealed);
  for (std::size_t i = 0; i < sealed->bytes.size(); ++i) {
    auto changed = sealed->bytes;
    changed[i] ^= 1;
    EXPECT_FALSE(open_stored(sealed->key, changed, place, key_)) << i;
  }
  for (std::size_t i = 0; i < sealed->key.size(); ++i) {
    auto changed = sealed->key;
    changed[i] ^= 1;
    EXPECT_FALSE(open_stored(changed, sealed->bytes, place, key_)) << i;
  }
  EXPECT_FALSE(open_stored({}, {}, place, key_));
}

}  // namespace
}  // namespace fristad
