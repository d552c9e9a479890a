#include "crypto/age.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace fristad {
namespace {

// Gives the text in pieces of at most `piece` bytes.
ReadBytes reader(std::string text, std::size_t piece = 1'000'000) {
  auto rest = std::make_shared<std::string>(std::move(text));
  return [rest, piece](std::span<char> bytes) -> Result<std::size_t> {
    const std::size_t count = std::min({rest->size(), bytes.size(), piece});
    std::copy_n(rest->data(), count, bytes.data());
    rest->erase(0, count);
    return count;
  };
}

WriteBytes writer(std::string& out) {
  return [&out](Bytes bytes) -> Status {
    out += as_text(bytes);
    return {};
  };
}

std::string sealed_for(std::span<const AgeRecipient> recipients, const std::string& plain) {
  std::string sealed;
  const Status status = age_encrypt(reader(plain, 1000), writer(sealed), recipients, system_random());
  EXPECT_TRUE(status);
  return sealed;
}

Result<std::string> opened(const std::string& sealed, const AgeKeys& keys) {
  std::string plain;
  if (Status status = age_decrypt(reader(sealed, 4096), writer(plain), keys); !status) return status.error();
  return plain;
}

class Age : public ::testing::Test {
 protected:
  AgeIdentity identity_ = AgeIdentity::generate(system_random()).value();
  AgeIdentity other_ = AgeIdentity::generate(system_random()).value();
  std::vector<AgeRecipient> recipients_{identity_.recipient()};
};

TEST(AgeKeys, AreThoseOfTheSpecification) {
  // The identity and the recipient that the specification gives as examples belong together.
  const auto identity =
      AgeIdentity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
  ASSERT_TRUE(identity);
  const std::string recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
  EXPECT_EQ(identity->recipient().text(), recipient);
  EXPECT_EQ(AgeRecipient::parse(recipient).value(), identity->recipient());
  EXPECT_EQ(identity->text(), "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
}

TEST(AgeKeys, OtherTextsAreRefusedWithoutShowingThem) {
  const std::string secret = AgeIdentity::generate(system_random()).value().text();
  for (const std::string& text : {secret.substr(1), secret + "Q", secret.substr(0, secret.size() - 1), std::string()}) {
    const auto identity = AgeIdentity::parse(text);
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().message.find(secret.substr(20, 10)), std::string::npos);
  }
  EXPECT_FALSE(AgeRecipient::parse(secret));
  EXPECT_EQ(AgeRecipient::parse("age1qqqqgxkrax").error().code, Code::damaged);
}

TEST_F(Age, FilesOfEverySizeComeBack) {
  for (const std::size_t size : {0U, 1U, 15U, 65'535U, 65'536U, 65'537U, 131'072U, 200'000U}) {
    std::string plain(size, '\0');
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<char>(i * 7 >> 3);
    const std::string sealed = sealed_for(recipients_, plain);
    const auto back = opened(sealed, {.identities = {&identity_, 1}});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*back == plain) << size;
    // Header, nonce, and a tag for each chunk; nothing has one chunk too.
    const std::size_t chunks = std::max<std::size_t>(1, (size + 65'535) / 65'536);
    EXPECT_EQ(sealed.size(), sealed.find("---") + 3 + 1 + 43 + 1 + 16 + size + 16 * chunks);
  }
}

TEST_F(Age, EachOfSeveralRecipientsOpensIt) {
  recipients_.push_back(other_.recipient());
  const std::string sealed = sealed_for(recipients_, "plain");
  EXPECT_EQ(opened(sealed, {.identities = {&identity_, 1}}).value(), "plain");
  EXPECT_EQ(opened(sealed, {.identities = {&other_, 1}}).value(), "plain");
  const AgeIdentity third = AgeIdentity::generate(system_random()).value();
  EXPECT_EQ(opened(sealed, {.identities = {&third, 1}}).error().code, Code::permission_denied);
  EXPECT_EQ(opened(sealed, {}).error().code, Code::permission_denied);
  EXPECT_EQ(opened(sealed, {.passphrase = "plain"}).error().code, Code::permission_denied);
}

TEST_F(Age, RecipientsAreOneTo128AndKeys) {
  std::string sealed;
  EXPECT_EQ(age_encrypt(reader("x"), writer(sealed), {}, system_random()).error().code, Code::invalid_argument);
  std::vector<AgeRecipient> many(age_recipients_max + 1, identity_.recipient());
  EXPECT_EQ(age_encrypt(reader("x"), writer(sealed), many, system_random()).error().code, Code::invalid_argument);
  many.pop_back();
  EXPECT_EQ(opened(sealed_for(many, "x"), {.identities = {&identity_, 1}}).value(), "x");
  many = {AgeRecipient{}};
  EXPECT_EQ(age_encrypt(reader("x"), writer(sealed), many, system_random()).error().code, Code::invalid_argument);
  EXPECT_TRUE(sealed.empty()) << "nothing is written before all is known to be well";
}

TEST_F(Age, EveryChangedByteIsNoticed) {
  const std::string sealed = sealed_for(recipients_, "some plain text");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string wrong = sealed;
    wrong[i] ^= 1;
    EXPECT_FALSE(opened(wrong, {.identities = {&identity_, 1}})) << i;
    EXPECT_FALSE(opened(sealed.substr(0, i), {.identities = {&identity_, 1}})) << i;
  }
  EXPECT_FALSE(opened(sealed + "x", {.identities = {&identity_, 1}}));
}

TEST_F(Age, NothingIsWrittenBeforeItIsAuthenticated) {
  const std::string plain(3 * 65'536, 'p');
  const std::string sealed = sealed_for(recipients_, plain);
  std::string wrong = sealed;
  wrong[wrong.size() - 65'536 - 100] ^= 1;  // in the second chunk
  std::string out;
  EXPECT_EQ(age_decrypt(reader(wrong), writer(out), {.identities = {&identity_, 1}}).error().code, Code::damaged);
  EXPECT_EQ(out, plain.substr(0, 65'536));
  // Cut between two chunks: both come out, they are authentic; but neither was the last.
  out.clear();
  const std::string cut = sealed.substr(0, sealed.size() - 65'536 - 16);
  EXPECT_EQ(age_decrypt(reader(cut), writer(out), {.identities = {&identity_, 1}}).error().code, Code::damaged);
  EXPECT_EQ(out, plain.substr(0, 2 * 65'536));
}

TEST_F(Age, PassphraseOpensIt) {
  std::string sealed;
  ASSERT_TRUE(age_encrypt_with_passphrase(reader("plain"), writer(sealed), "open sesame", 10, system_random()));
  EXPECT_EQ(opened(sealed, {.passphrase = "open sesame"}).value(), "plain");
  EXPECT_EQ(opened(sealed, {.identities = {&identity_, 1}, .passphrase = "open sesame"}).value(), "plain");
  EXPECT_EQ(opened(sealed, {.passphrase = "Open sesame"}).error().code, Code::permission_denied);
  EXPECT_EQ(opened(sealed, {.identities = {&identity_, 1}}).error().code, Code::permission_denied);
  EXPECT_EQ(opened(sealed, {.passphrase = "open sesame", .work_factor_max = 9}).error().code, Code::too_large);
  EXPECT_EQ(opened(sealed, {.passphrase = "open sesame", .work_factor_max = -1}).error().code, Code::too_large);
}

TEST_F(Age, PassphraseAndWorkFactorAreChecked) {
  std::string sealed;
  for (const auto& [passphrase, work_factor] :
       std::vector<std::pair<std::string_view, int>>{{"", 10}, {"p", 0}, {"p", -1}, {"p", 23}}) {
    EXPECT_EQ(
        age_encrypt_with_passphrase(reader("x"), writer(sealed), passphrase, work_factor, system_random()).error().code,
        Code::invalid_argument);
  }
  EXPECT_TRUE(sealed.empty());
}

TEST_F(Age, ErrorsOfBothSidesComeThrough) {
  const ReadBytes broken = [](std::span<char>) -> Result<std::size_t> { return Error{Code::unavailable, "no disk"}; };
  const WriteBytes full = [](Bytes) -> Status { return Error{Code::unavailable, "disk full"}; };
  const Random none = [](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "no random bytes"}; };
  std::string out;
  EXPECT_EQ(age_encrypt(broken, writer(out), recipients_, system_random()).error().message, "no disk");
  EXPECT_EQ(age_encrypt(reader("x"), full, recipients_, system_random()).error().message, "disk full");
  EXPECT_EQ(age_encrypt(reader("x"), writer(out), recipients_, none).error().message, "no random bytes");
  EXPECT_EQ(age_decrypt(broken, writer(out), {.identities = {&identity_, 1}}).error().message, "no disk");
  const std::string sealed = sealed_for(recipients_, "x");
  EXPECT_EQ(age_decrypt(reader(sealed), full, {.identities = {&identity_, 1}}).error().message, "disk full");
}

TEST_F(Age, NoTwoFilesAreTheSame) {
  EXPECT_NE(sealed_for(recipients_, "x"), sealed_for(recipients_, "x"));
}

}  // namespace
}  // namespace fristad
