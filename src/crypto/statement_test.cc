#include "crypto/statement.h"

#include <gtest/gtest.h>

#include "crypto/base64.h"

namespace fristad {
namespace {

SigningKey test_key(std::uint8_t number) {
  Key seed;
  seed.bytes()[0] = number;
  return SigningKey::from_seed(seed);
}

KeyStatement sample() {
  return {"se", KeyPurpose::witness, test_key(2).public_key(), 70'000, 1'760'000'000'000};
}

// An envelope with any payload and type, rightly signed.
std::string signed_payload(std::string_view payload, std::string_view type, const SigningKey& root) {
  std::string text = sign_statement(sample(), root).value();
  const std::string old = text.substr(12, text.find('"', 12) - 12);
  text.replace(12, old.size(), to_base64(as_bytes(payload)));
  const Signature signature = root.sign(as_bytes(pae(type, as_bytes(payload))));
  const std::size_t begin = text.find("\"sig\":\"") + 7;
  text.replace(begin, text.find('"', begin) - begin, to_base64(signature));
  return text;
}

TEST(Statement, IsReadAsItWasSigned) {
  const SigningKey root = test_key(1);
  for (const KeyPurpose purpose : {KeyPurpose::log, KeyPurpose::record, KeyPurpose::tls, KeyPurpose::witness}) {
    KeyStatement statement = sample();
    statement.purpose = purpose;
    const auto text = sign_statement(statement, root);
    ASSERT_TRUE(text);
    EXPECT_EQ(verify_statement(*text, root.public_key()).value(), statement);
  }
}

TEST(Statement, IsADsseEnvelopeAroundCanonicalJson) {
  const SigningKey root = test_key(1);
  const std::string text = sign_statement(sample(), root).value();
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const std::string payload_text = text.substr(12, text.find('"', 12) - 12);
  const auto payload = from_base64(payload_text).value();
  EXPECT_EQ(as_text(payload), "{\"issued_at\":1760000000000,\"key\":\"" + to_base64(sample().key) +
                                  "\",\"member\":\"se\",\"purpose\":\"witness\",\"valid_from\":70000}");
  const std::string rest = text.substr(12 + payload_text.size());
  EXPECT_TRUE(
      rest.starts_with("\",\"payloadType\":\"application/vnd.fristad.key-statement.v1+json\",\"signatures\":"
                       "[{\"keyid\":\""));
  Signature signature = array_from_base64<64>(text.substr(text.find("\"sig\":\"") + 7, 88)).value();
  EXPECT_TRUE(verify(root.public_key(), as_bytes(pae(key_statement_type, payload)), signature));
}

TEST(Statement, OnlyTheRootCanSignIt) {
  const std::string text = sign_statement(sample(), test_key(1)).value();
  EXPECT_EQ(verify_statement(text, test_key(2).public_key()).error().code, Code::permission_denied);
}

TEST(Statement, EveryChangeIsRefused) {
  const SigningKey root = test_key(1);
  const std::string text = sign_statement(sample(), root).value();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'0', 'A', '"', ' ', '\0'}) {
      std::string wrong = text;
      if (wrong[i] == c) continue;
      wrong[i] = c;
      EXPECT_FALSE(verify_statement(wrong, root.public_key())) << wrong;
    }
    EXPECT_FALSE(verify_statement(text.substr(0, i), root.public_key()));
    std::string longer = text;
    longer.insert(i, " ");
    EXPECT_FALSE(verify_statement(longer, root.public_key()));
  }
  EXPECT_FALSE(verify_statement(text + "\n", root.public_key()));
  EXPECT_FALSE(verify_statement(text + " ", root.public_key()));
  EXPECT_FALSE(verify_statement("", root.public_key()));
  EXPECT_EQ(verify_statement(std::string(5000, ' '), root.public_key()).error().code, Code::too_large);
}

TEST(Statement, OnlyTheCanonicalPayloadIsAccepted) {
  const SigningKey root = test_key(1);
  const std::string key = to_base64(sample().key);
  const auto accepted = [&](const std::string& payload) {
    return verify_statement(signed_payload(payload, key_statement_type, root), root.public_key()).has_value();
  };
  const std::string good =
      "{\"issued_at\":1,\"key\":\"" + key + "\",\"member\":\"se\",\"purpose\":\"log\",\"valid_from\":2}";
  EXPECT_TRUE(accepted(good));
  EXPECT_FALSE(accepted(good + " "));
  EXPECT_FALSE(accepted(" " + good));
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string payload = good;
    payload.replace(payload.find(from), from.size(), to);
    return payload;
  };
  for (const auto& [from, to] : std::vector<std::pair<std::string_view, std::string_view>>{
           {":1,", ":01,"},
           {":1,", ":-1,"},
           {":1,", ":1.0,"},
           {":1,", ": 1,"},
           {":1,", ":9007199254740992,"},
           {":2}", ":9007199254740992}"},
           {":2}", ":2,\"x\":1}"},
           {"\"log\"", "\"root\""},
           {"\"log\"", "\"\""},
           {"\"se\"", "\"\""},
           {"\"se\"", "\"SE\""},
           {"\"se\"", "\"1e\""},
           {"\"se\"", "\"s\\u0065\""},
           {"\"member\":\"se\",", ""},
           {"\"issued_at\":1,", "\"issued_at\":1,\"issued_at\":1,"}}) {
    EXPECT_FALSE(accepted(changed(from, to))) << from << " to " << to;
  }
  EXPECT_FALSE(accepted(changed(key, "AAAA")));
  EXPECT_TRUE(accepted(changed(":1,", ":9007199254740991,")));
}

TEST(Statement, SignatureOfAnotherTypeDoesntCount) {
  const SigningKey root = test_key(1);
  const std::string payload = "{\"issued_at\":1,\"key\":\"" + to_base64(sample().key) +
                              "\",\"member\":\"se\",\"purpose\":\"log\",\"valid_from\":2}";
  EXPECT_TRUE(verify_statement(signed_payload(payload, key_statement_type, root), root.public_key()));
  EXPECT_EQ(verify_statement(signed_payload(payload, "application/json", root), root.public_key()).error().code,
            Code::permission_denied);
}

TEST(Statement, OnlyWellFormedOnesAreSigned) {
  const SigningKey root = test_key(1);
  for (const std::string& member : {std::string(), std::string("SE"), std::string("s e"), std::string("se\""),
                                    std::string("-se"), std::string("s\xc3\xa9"), std::string(64, 'a')}) {
    KeyStatement statement = sample();
    statement.member = member;
    EXPECT_EQ(sign_statement(statement, root).error().code, Code::invalid_argument) << member;
  }
  KeyStatement statement = sample();
  statement.member = "no.kripos-2";
  EXPECT_TRUE(sign_statement(statement, root));
  statement.valid_from = std::uint64_t{1} << 53;
  EXPECT_EQ(sign_statement(statement, root).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
