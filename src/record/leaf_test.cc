#include "record/leaf.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/merkle.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

Leaf example() {
  Leaf leaf{.revision = 0x01020304};
  leaf.record.fill(0xAA);
  leaf.previous.fill(0xBB);
  leaf.commitment.fill(0xCC);
  leaf.signature.fill(0xDD);
  return leaf;
}

TEST(Leaf, IsLaidOutAsDocumented) {
  const LeafBytes bytes = encode_leaf(example());
  EXPECT_EQ(to_hex(bytes), "01" + to_hex(example().record) + "01020304" + to_hex(example().previous) +
                               to_hex(example().commitment) + to_hex(example().signature));
  const auto back = decode_leaf(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_leaf(*back), bytes);
  EXPECT_EQ(decode_leaf(Bytes(bytes).first(148)).error().code, Code::damaged);
  LeafBytes newer = bytes;
  newer[0] = 2;
  EXPECT_EQ(decode_leaf(newer).error().code, Code::unsupported);
}

TEST(Leaf, IsSignedForOneLogAndEveryByte) {
  const SigningKey key = testing::test_keys().record_key;
  Leaf leaf = example();
  leaf.signature = sign_leaf(leaf, "fristad.alliance/se/shared", key);
  EXPECT_TRUE(verify_leaf(leaf, "fristad.alliance/se/shared", key.public_key()));
  EXPECT_FALSE(verify_leaf(leaf, "fristad.alliance/se/private", key.public_key()));
  const LeafBytes bytes = encode_leaf(leaf);
  for (std::size_t i = 1; i < leaf_size; ++i) {
    LeafBytes changed = bytes;
    changed.at(i) ^= 1;
    EXPECT_FALSE(verify_leaf(*decode_leaf(changed), "fristad.alliance/se/shared", key.public_key())) << i;
  }
}

// From their definitions in docs/format/record.md, by hand.
TEST(Commitment, IsAsDocumented) {
  Salt salt{};
  salt.fill(7);
  const auto hash = [](const std::string& text) { return sha256(as_bytes(text)); };
  const auto text_of = [](const auto& bytes) { return std::string(as_text(bytes)); };
  EXPECT_EQ(commit({.payload = "{}"}, salt), hash("fristad/record/1\n" + text_of(salt) + "{}"));

  const auto salt_of = [&](char index) {
    return hash("fristad/salt/1\n" + text_of(salt) + std::string("\0\0\0", 3) + index);
  };
  const auto leaf_of = [&](char index, const std::string& text) {
    return hash(std::string("\0", 1) + text_of(salt_of(index)) + text);
  };
  const Digest root = node_hash(node_hash(leaf_of('\0', "{}"), leaf_of('\1', "one")), leaf_of('\2', "two"));
  const Digest chunk = hash("fristad/chunk/1\n" + text_of(root));
  EXPECT_EQ(commit({.payload = "{}", .items = {"one", "two"}}, salt), chunk);
  const std::vector<OpenItem> open{{.text = "{}", .salt = item_salt(salt, 0)},
                                   {.leaf_if_erased = item_leaf("one", item_salt(salt, 1))},
                                   {.text = "two", .salt = item_salt(salt, 2)}};
  EXPECT_EQ(commit_chunk(open), chunk);
}

}  // namespace
}  // namespace fristad
