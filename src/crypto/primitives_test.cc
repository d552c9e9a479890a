#include "crypto/primitives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/hex.h"

namespace fristad {
namespace {

std::vector<std::uint8_t> unhex(std::string_view text) {
  std::vector<std::uint8_t> bytes(text.size() / 2);
  EXPECT_TRUE(from_hex(text, bytes)) << text;
  return bytes;
}

Key key_of(std::string_view text) {
  Key key;
  EXPECT_TRUE(from_hex(text, key.bytes()));
  return key;
}

TEST(Primitives, SealAsInRfc8439Section282) {
  const Key key = key_of("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  AeadNonce nonce{};
  ASSERT_TRUE(from_hex("070000004041424344454647", nonce));
  const auto associated = unhex("50515253c0c1c2c3c4c5c6c7");
  const std::string_view plain =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.";
  std::vector<std::uint8_t> sealed(plain.size() + aead_tag_size);
  aead_seal(key, nonce, as_bytes(plain), associated, sealed);
  EXPECT_EQ(to_hex(std::span(sealed).first(16)), "d31a8d34648e60db7b86afbc53ef7ec2");
  EXPECT_EQ(to_hex(std::span(sealed).last(16)), "1ae10b594f09e26a7e902ecbd0600691");

  std::vector<std::uint8_t> opened(plain.size(), 0xff);
  ASSERT_TRUE(aead_open(key, nonce, sealed, associated, opened));
  EXPECT_EQ(as_text(opened), plain);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    sealed[i] ^= 1;
    EXPECT_FALSE(aead_open(key, nonce, sealed, associated, opened)) << i;
    EXPECT_TRUE(std::ranges::all_of(opened, [](std::uint8_t byte) { return byte == 0; }));
    sealed[i] ^= 1;
  }
  EXPECT_FALSE(aead_open(key, nonce, sealed, {}, opened));
  EXPECT_FALSE(aead_open(key, nonce, std::span(sealed).first(15), associated, {}));
}

TEST(Primitives, SealNothing) {
  const Key key;
  std::vector<std::uint8_t> sealed(aead_tag_size);
  aead_seal(key, {}, {}, {}, sealed);
  EXPECT_TRUE(aead_open(key, {}, sealed, {}, {}));
  EXPECT_FALSE(aead_open(key, {}, sealed, as_bytes("x"), {}));
}

TEST(Primitives, DeriveAsInRfc5869) {
  const Key one = hkdf_sha256(unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                              unhex("000102030405060708090a0b0c"), as_text(unhex("f0f1f2f3f4f5f6f7f8f9")));
  EXPECT_EQ(to_hex(one.bytes()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  const Key three = hkdf_sha256(unhex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), {}, "");
  EXPECT_EQ(to_hex(three.bytes()), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Primitives, AuthenticateAsInRfc4231) {
  Key key;  // test case 2: shorter keys are padded with zeros, so "Jefe" and zeros is the same key
  std::ranges::copy(as_bytes("Jefe"), key.bytes().begin());
  EXPECT_EQ(to_hex(hmac_sha256(key, "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Primitives, StretchAsInRfc7914) {
  // Test vector 3, cut to 32 bytes: PBKDF2 gives the same beginning for any length.
  const auto key = scrypt("pleaseletmein", as_bytes("SodiumChloride"), 14);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->bytes()), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST(Primitives, AgreeAsInRfc7748Section61) {
  const Key alice = key_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  EXPECT_EQ(to_hex(x25519_base(alice)), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  const Key bob = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(to_hex(x25519_base(bob)), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  Key one;
  Key other;
  ASSERT_TRUE(x25519(alice, x25519_base(bob), one));
  ASSERT_TRUE(x25519(bob, x25519_base(alice), other));
  EXPECT_TRUE(one == other);
  EXPECT_EQ(to_hex(one.bytes()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  EXPECT_FALSE(x25519(alice, Point{}, one));
}

}  // namespace
}  // namespace fristad
