#include "crypto/password.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

constexpr PasswordCost cheap{.memory_bytes = 8192, .operations = 1};

TEST(Password, IsTheOneThatWasHashed) {
  const auto hash = hash_password("correct horse battery", cheap);
  ASSERT_TRUE(hash) << hash.error().message;
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << *hash;
  EXPECT_TRUE(is_password_of(*hash, "correct horse battery"));
  for (const char* other : {"", "correct horse batterx", "correct horse batter", "correct horse battery "}) {
    EXPECT_FALSE(is_password_of(*hash, other)) << other;
  }
  EXPECT_NE(hash_password("correct horse battery", cheap).value(), *hash) << "each has its own salt";
}

TEST(Password, IsOfTheReferenceImplementationToo) {
  // By the reference implementation: printf password | argon2 saltsaltsaltsalt -id -t 3 -m 16 -p 1 -l 32 -e
  EXPECT_TRUE(is_password_of(
      "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$DaOKFLQsCpfbGHFNABHFxjzsli4ZICt83+jq0UVDXlQ", "password"));
}

TEST(Password, IsNoneOfWhatIsNoHash) {
  for (const char* text : {"", "password", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$$"}) {
    EXPECT_FALSE(is_password_of(text, "password")) << text;
  }
  EXPECT_FALSE(is_password_of(std::string(500, '$'), "password"));
}

TEST(Password, HasALimit) {
  const std::string longest(password_bytes_max, 's');
  const auto hash = hash_password(longest, cheap);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(is_password_of(*hash, longest));
  EXPECT_FALSE(is_password_of(*hash, longest + "s")) << "isn't cut off";
  const auto refused = hash_password(longest + "s", cheap);
  EXPECT_EQ(refused.error().code, Code::too_large);
  EXPECT_EQ(refused.error().message.find("sss"), std::string::npos);
}

TEST(Password, IsHashedAnewAtAnotherCost) {
  const std::string hash = hash_password("correct horse battery", cheap).value();
  EXPECT_FALSE(needs_rehash(hash, cheap));
  EXPECT_TRUE(needs_rehash(hash, {.memory_bytes = 16384, .operations = 1}));
  EXPECT_TRUE(needs_rehash(hash, {.memory_bytes = 8192, .operations = 2}));
  EXPECT_TRUE(needs_rehash("", cheap));
}

TEST(Password, OfNobodyIsAHashAtTheSameCost) {
  const auto nobody = hash_of_nobody(cheap, system_random());
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(needs_rehash(*nobody, cheap)) << "it is well-formed: " << *nobody;
  EXPECT_FALSE(needs_rehash(hash_of_nobody({}, system_random()).value(), {}));
  EXPECT_FALSE(is_password_of(*nobody, "password"));
  EXPECT_NE(*nobody, hash_of_nobody(cheap, system_random()).value());
}

}  // namespace
}  // namespace fristad
