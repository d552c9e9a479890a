#include "crypto/sign.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.h"

namespace fristad {
namespace {

struct Vector {
  std::string_view seed, key, message, signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr std::array<Vector, 3> rfc8032{{
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
}};

TEST(Sign, SignsAsRfc8032) {
  for (const Vector& vector : rfc8032) {
    Key seed;
    ASSERT_TRUE(from_hex(vector.seed, seed.bytes()));
    std::vector<std::uint8_t> message(vector.message.size() / 2);
    ASSERT_TRUE(from_hex(vector.message, message));
    const SigningKey key = SigningKey::from_seed(seed);
    EXPECT_EQ(to_hex(key.public_key()), vector.key);
    EXPECT_EQ(to_hex(key.seed()), vector.seed);
    Signature signature = key.sign(message);
    EXPECT_EQ(to_hex(signature), vector.signature);
    EXPECT_TRUE(verify(key.public_key(), message, signature));
  }
}

TEST(Sign, EveryBitCounts) {
  const SigningKey key = SigningKey::generate(system_random()).value();
  std::string message = "the message";
  const Signature good = key.sign(as_bytes(message));
  ASSERT_TRUE(verify(key.public_key(), as_bytes(message), good));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature wrong = good;
    wrong[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify(key.public_key(), as_bytes(message), wrong)) << bit;
  }
  message[0] ^= 1;
  EXPECT_FALSE(verify(key.public_key(), as_bytes(message), good));
  const SigningKey other = SigningKey::generate(system_random()).value();
  EXPECT_FALSE(verify(other.public_key(), as_bytes("the message"), good));
}

TEST(Sign, RefusesKeysOfSmallOrder) {
  // With the neutral element as key and as R, and S = 0, the equation holds for every message.
  PublicKey neutral{};
  neutral[0] = 1;
  Signature forged{};
  forged[0] = 1;
  EXPECT_FALSE(verify(neutral, as_bytes("anything"), forged));
}

TEST(Sign, RefusesASignatureWithTheGroupOrderAdded) {
  Key seed;
  const SigningKey key = SigningKey::from_seed(seed);
  Signature signature = key.sign({});
  std::array<std::uint8_t, 32> order{};
  ASSERT_TRUE(from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", order));
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry & 0xff);
    carry >>= 8;
  }
  EXPECT_FALSE(verify(key.public_key(), {}, signature));
}

TEST(Sign, PassesOnWhatRandomSays) {
  EXPECT_FALSE(SigningKey::generate([](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "no"}; }));
}

TEST(Sign, EncodesTypeAndBodyAsDsseDoes) {
  // The example of the DSSE protocol's own document.
  EXPECT_EQ(pae("http://example.com/HelloWorld", as_bytes("hello world")),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(pae("", {}), "DSSEv1 0  0 ");
  EXPECT_NE(pae("a", as_bytes("b c")), pae("a b", as_bytes("c")));
}

}  // namespace
}  // namespace fristad
