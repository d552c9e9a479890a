#include "crypto/seal.h"

#include <gtest/gtest.h>

#include <set>

#include "base/hex.h"

namespace fristad {
namespace {

Key key_of(std::uint8_t first) {
  Key key;
  for (std::size_t i = 0; i < 32; ++i) key.bytes()[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

TEST(Seal, OpensTheVectorOfTheXchachaDraft) {
  // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
  std::vector<std::uint8_t> sealed(24 + 114 + 16);
  ASSERT_TRUE(
      from_hex("404142434445464748494a4b4c4d4e4f5051525354555657"
               "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
               "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
               "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
               sealed));
  std::array<std::uint8_t, 12> associated{};
  ASSERT_TRUE(from_hex("50515253c0c1c2c3c4c5c6c7", associated));
  const auto plain = open(key_of(0x80), sealed, associated);
  ASSERT_TRUE(plain);
  EXPECT_TRUE(as_text(*plain).starts_with("Ladies and Gentlemen of the class of '99"));
}

TEST(Seal, OpensOnlyWithItsKeyAndPlaceAndUnchanged) {
  const Key key = key_of(1);
  auto sealed = seal(key, as_bytes("value"), as_bytes("place"), system_random());
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->size(), 5 + seal_overhead);
  EXPECT_EQ(as_text(open(key, *sealed, as_bytes("place")).value()), "value");
  EXPECT_EQ(open(key_of(2), *sealed, as_bytes("place")).error().code, Code::damaged);
  EXPECT_EQ(open(key, *sealed, as_bytes("Place")).error().code, Code::damaged);
  for (std::size_t i = 0; i < sealed->size(); ++i) {
    (*sealed)[i] ^= 0x80;
    EXPECT_FALSE(open(key, *sealed, as_bytes("place"))) << i;
    (*sealed)[i] ^= 0x80;
    EXPECT_FALSE(open(key, Bytes(*sealed).first(i), as_bytes("place"))) << i;
  }
}

TEST(Seal, NeverWritesTheSameBytesTwice) {
  std::set<std::vector<std::uint8_t>> seen;
  for (int i = 0; i < 100; ++i) seen.insert(seal(Key(), as_bytes("value"), {}, system_random()).value());
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Seal, HoldsNothingToo) {
  const auto sealed = seal(Key(), {}, {}, system_random());
  EXPECT_TRUE(open(Key(), *sealed, {}).value().empty());
  EXPECT_TRUE(open_once(Key(), seal_once(Key(), {}, {}), {}).value().empty());
}

TEST(Seal, PassesOnWhatRandomSays) {
  EXPECT_FALSE(seal(Key(), {}, {}, [](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "no"}; }));
}

TEST(SealOnce, OpensOnlyWithItsKeyAndPlaceAndUnchanged) {
  const Key key = key_of(1);
  auto sealed = seal_once(key, as_bytes("value"), as_bytes("place"));
  EXPECT_EQ(sealed.size(), 5 + seal_once_overhead);
  EXPECT_EQ(as_text(open_once(key, sealed, as_bytes("place")).value()), "value");
  EXPECT_EQ(open_once(key_of(2), sealed, as_bytes("place")).error().code, Code::damaged);
  EXPECT_EQ(open_once(key, sealed, {}).error().code, Code::damaged);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    sealed[i] ^= 1;
    EXPECT_FALSE(open_once(key, sealed, as_bytes("place"))) << i;
    sealed[i] ^= 1;
    EXPECT_FALSE(open_once(key, Bytes(sealed).first(i), as_bytes("place"))) << i;
  }
}

TEST(KeyFromPassphrase, IsTheArgon2idOfItsParameters) {
  // By the reference implementation: printf password | argon2 saltsaltsaltsalt -id -t 3 -m 16 -p 1 -l 32 -r
  PassphraseSalt salt{};
  std::ranges::copy(as_bytes("saltsaltsaltsalt"), salt.begin());
  const auto key = key_from_passphrase("password", salt);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->bytes()), "0da38a14b42c0a97db18714d0011c5c63cec962e19202b7cdfe8ead145435e54");
  salt[0] ^= 1;
  EXPECT_FALSE(key_from_passphrase("password", salt).value() == *key);
}

TEST(KeyFromPassphrase, RefusesNothingAndTooMuch) {
  EXPECT_EQ(key_from_passphrase("", {}).error().code, Code::invalid_argument);
  const std::string secret(passphrase_size_max + 1, 's');
  const auto refused = key_from_passphrase(secret, {});
  EXPECT_EQ(refused.error().code, Code::too_large);
  EXPECT_EQ(refused.error().message.find("sss"), std::string::npos);
}

TEST(WrapKey, OpensOnlyWithItsPassphraseAndUnchanged) {
  const Key key = key_of(7);
  auto wrapped = wrap_key(key, "open sesame", system_random());
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(wrapped->size(), 88u);
  EXPECT_TRUE(unwrap_key(*wrapped, "open sesame").value() == key);
  EXPECT_EQ(unwrap_key(*wrapped, "Open sesame").error().code, Code::permission_denied);
  EXPECT_EQ(unwrap_key(*wrapped, "").error().code, Code::invalid_argument);
  EXPECT_EQ(unwrap_key(Bytes(*wrapped).first(87), "open sesame").error().code, Code::damaged);
  for (const std::size_t i : {0U, 16U, 40U, 87U}) {
    (*wrapped)[i] ^= 1;
    EXPECT_EQ(unwrap_key(*wrapped, "open sesame").error().code, Code::permission_denied) << i;
    (*wrapped)[i] ^= 1;
  }
  EXPECT_FALSE(wrap_key(key, "", system_random()));
}

TEST(DeriveKey, DependsOnKeyAndPurpose) {
  const Key root = key_of(1);
  EXPECT_TRUE(derive_key(root, "one") == derive_key(root, "one"));
  EXPECT_FALSE(derive_key(root, "one") == derive_key(root, "two"));
  EXPECT_FALSE(derive_key(root, "one") == derive_key(key_of(2), "one"));
  // Fixed for ever, because data is sealed under such keys. By Python's hashlib.blake2b.
  EXPECT_EQ(to_hex(derive_key(root, "one").bytes()),
            "fcafbb5ba42df3a7366f6baf29aa60b5ebce6c7893a55cf47b06a68f4da46a4b");
}

}  // namespace
}  // namespace fristad
