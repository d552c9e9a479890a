#include "crypto/webauthn.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/webauthn_fixture.h"

namespace fristad {
namespace {

using testing::SoftwareKey;
using testing::SoftwareKeyKind;

const WebauthnSite site{.rp_id = "localhost", .origins = {"https://other.localhost", "https://localhost"}};
const std::vector<std::uint8_t> challenge(32, 0xc5);
constexpr std::string_view origin = "https://localhost";

std::vector<std::uint8_t> unhex(std::string_view text) {
  std::vector<std::uint8_t> bytes(text.size() / 2);
  EXPECT_TRUE(from_hex(text, bytes)) << text;
  return bytes;
}

Code refusal(const WebauthnRegistration& answer, Bytes of = challenge) {
  const auto checked = check_registration(answer, of, site);
  return checked ? Code::internal : checked.error().code;
}

Code refusal(const WebauthnAssertion& answer, const WebauthnCredential& key, Bytes of = challenge) {
  const auto checked = check_assertion(answer, of, site, key);
  return checked ? Code::internal : checked.error().code;
}

class WebauthnOfEachKind : public ::testing::TestWithParam<SoftwareKeyKind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, WebauthnOfEachKind,
                         ::testing::Values(SoftwareKeyKind::es256, SoftwareKeyKind::eddsa, SoftwareKeyKind::rs256));

TEST_P(WebauthnOfEachKind, RegistersAndSignsIn) {
  SoftwareKey software(GetParam());
  const auto key = check_registration(software.registered(challenge, origin), challenge, site);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->id, software.id);
  EXPECT_EQ(key->counter, 0u);
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::uint8_t> other(32, static_cast<std::uint8_t>(i));
    const auto counter = check_assertion(software.answered(other, origin), other, site, *key);
    ASSERT_TRUE(counter) << counter.error().message;
    EXPECT_EQ(*counter, 0u) << "keys that don't count say 0 each time";
  }
  SoftwareKey another(GetParam());
  another.id = software.id;
  EXPECT_EQ(refusal(another.answered(challenge, origin), *key), Code::permission_denied);
}

TEST_P(WebauthnOfEachKind, RefusesEachChangedByteOfAnAssertion) {
  SoftwareKey software(GetParam());
  const WebauthnCredential key = check_registration(software.registered(challenge, origin), challenge, site).value();
  const WebauthnAssertion good = software.answered(challenge, origin);
  ASSERT_TRUE(check_assertion(good, challenge, site, key));
  for (auto part : {&WebauthnAssertion::credential_id, &WebauthnAssertion::client_data_json,
                    &WebauthnAssertion::authenticator_data, &WebauthnAssertion::signature}) {
    for (std::size_t i = 0; i < (good.*part).size(); ++i) {
      WebauthnAssertion changed = good;
      (changed.*part)[i] ^= 1;
      EXPECT_EQ(refusal(changed, key), Code::permission_denied) << i;
      (changed.*part) = good.*part;
      (changed.*part).resize(i);
      EXPECT_EQ(refusal(changed, key), Code::permission_denied) << "cut at " << i;
    }
  }
}

TEST(Webauthn, AgreesWithTheTestVectorOfTheSpecification) {
  // W3C Web Authentication level 3, section 16.7 (packed.ES256): what the attestation object holds as authenticator
  // data, and the assertion.
  const WebauthnSite example{.rp_id = "example.org", .origins = {"https://example.org"}};
  const auto key = check_registration(
      {.client_data_json = unhex("7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a227752684"
                                 "b58393334424634543345663"
                                 "153324831706c61325a725751475046746877365356756d56494249222c226f726967696e223a22687474"
                                 "70733a2f2f6578616d706c65"
                                 "2e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c696"
                                 "56e74446174614a534f4e206"
                                 "d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e2074"
                                 "6865206675747572652c2073"
                                 "75636820617320746869733a20396138624e596a4b436757724258552d66436c316167227d"),
       .authenticator_data = unhex(
           "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b54d00000000876ca4f52071c3e9b25509ef2cd"
           "f7ed60020c9a6f5b3462d02873fea0c56862234f99f081728084e511bb7760201a89054a5a50102032620012158201cf27f25d"
           "a591208a4239c2e324f104f585525479a29edeedd830f48e77aeae522582059e4b7da6c0106e206ce390c93ab98a15a5ec3887"
           "e57f0cc2bece803b920c423")},
      unhex("c1184a5fddf8045e13dc47f54b61f5a656b666b59018f16d870e9256e9952012"), example);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(to_hex(key->id), "c9a6f5b3462d02873fea0c56862234f99f081728084e511bb7760201a89054a5");
  EXPECT_EQ(key->algorithm, -7);
  const WebauthnAssertion given{
      .credential_id = key->id,
      .client_data_json = unhex("7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2273524276704770"
                                "587676463446524841565833"
                                "496d4b4130453958773858306b526a44426c4d6668726255222c226f726967696e223a2268747470733a2f"
                                "2f6578616d706c652e6f7267"
                                "222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e744461"
                                "74614a534f4e206d61792062"
                                "6520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675"
                                "747572652c20737563682061"
                                "7320746869733a20415a4d77794d78496244382d756775464e7036723851227d"),
      .authenticator_data = unhex("bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50d00000000"),
      .signature =
          unhex("30450220694969d3ee928de6f02ef23a9c644d7d779916451734a94b432542f498a1ebe90221008b0819c824218a97"
                "152cd099c55bfb1477b29d900a49a64018314f9bfccda163")};
  const auto checked =
      check_assertion(given, unhex("b1106fa46a57bef1781511c0557dc898a03413d5f0f17d244630c194c7e1adb5"), example, *key);
  EXPECT_TRUE(checked) << checked.error().message;
}

TEST(Webauthn, RefusesARegistrationThatWasNotAskedFor) {
  SoftwareKey software;
  const WebauthnRegistration good = software.registered(challenge, origin);
  ASSERT_TRUE(check_registration(good, challenge, site));
  EXPECT_EQ(refusal(good, std::vector<std::uint8_t>(32, 1)), Code::permission_denied);
  EXPECT_EQ(refusal(good, std::vector<std::uint8_t>()), Code::permission_denied);
  EXPECT_EQ(refusal(software.registered(challenge, "https://evil.example")), Code::permission_denied);
  EXPECT_EQ(refusal(software.registered(challenge, "http://localhost")), Code::permission_denied);
  EXPECT_EQ(refusal(software.registered({}, origin), {}), Code::permission_denied) << "an empty challenge is none";
  const auto with_client_data = [&](std::vector<std::uint8_t> data) {
    WebauthnRegistration answer = good;
    answer.client_data_json = std::move(data);
    return refusal(answer);
  };
  for (const std::string_view more : {R"(,"crossOrigin":true)", R"(,"crossOrigin":"no")", R"(,"topOrigin":"https://x")",
                                      R"(,"type":"webauthn.create")", R"(,)"}) {
    EXPECT_EQ(with_client_data(SoftwareKey::client_data("webauthn.create", challenge, origin, more)),
              Code::permission_denied)
        << more;
  }
  EXPECT_EQ(with_client_data(SoftwareKey::client_data("webauthn.create", challenge, origin, "")), Code::internal)
      << "older browsers leave crossOrigin out";
  EXPECT_EQ(with_client_data(SoftwareKey::client_data("webauthn.get", challenge, origin)), Code::permission_denied);
  for (const std::string_view text : {"", "{}", "[]", "null", "{\"type\":1}"}) {
    EXPECT_EQ(with_client_data({text.begin(), text.end()}), Code::permission_denied) << text;
  }
  EXPECT_EQ(with_client_data(std::vector<std::uint8_t>(9000, ' ')), Code::too_large);
}

TEST(Webauthn, RefusesARegistrationOfAnotherSiteOrAnUnverifiedUser) {
  SoftwareKey elsewhere(SoftwareKeyKind::es256, "evil.example");
  EXPECT_EQ(refusal(elsewhere.registered(challenge, origin)), Code::permission_denied);
  SoftwareKey software;
  for (const int flags : {0x00, 0x01, 0x04}) {
    software.flags = static_cast<std::uint8_t>(flags);
    EXPECT_EQ(refusal(software.registered(challenge, origin)), Code::permission_denied) << flags;
  }
}

TEST(Webauthn, RefusesARegistrationWithoutAProperKey) {
  SoftwareKey software;
  WebauthnRegistration answer = software.registered(challenge, origin);
  const std::vector<std::uint8_t> good = answer.authenticator_data;
  answer.authenticator_data[32] = 0x05;
  EXPECT_EQ(refusal(answer), Code::permission_denied) << "says that it holds none";
  for (std::size_t size = 0; size < good.size(); ++size) {
    answer.authenticator_data.assign(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(refusal(answer), Code::permission_denied) << "cut at " << size;
  }
  answer.authenticator_data = good;
  answer.authenticator_data.back() ^= 1;
  EXPECT_EQ(refusal(answer), Code::permission_denied) << "no point of the curve";
  answer.authenticator_data = good;
  answer.authenticator_data[37 + 16 + 2 + 32 + 4] = 0x25;  // an algorithm that nobody knows
  EXPECT_EQ(refusal(answer), Code::permission_denied);
  answer.authenticator_data.assign(9000, 0);
  EXPECT_EQ(refusal(answer), Code::too_large);
  software.id.assign(1024, 7);
  EXPECT_EQ(refusal(software.registered(challenge, origin)), Code::permission_denied);
  software.id.assign(1023, 7);
  EXPECT_EQ(refusal(software.registered(challenge, origin)), Code::internal);
}

TEST(Webauthn, RefusesAnAssertionThatWasNotAskedFor) {
  SoftwareKey software;
  const WebauthnCredential key = check_registration(software.registered(challenge, origin), challenge, site).value();
  EXPECT_EQ(refusal(software.answered(challenge, origin), key, std::vector<std::uint8_t>(32, 1)),
            Code::permission_denied);
  EXPECT_EQ(refusal(software.answered(challenge, "https://evil.example"), key), Code::permission_denied);
  EXPECT_EQ(refusal(software.signed_over(SoftwareKey::client_data("webauthn.create", challenge, origin)), key),
            Code::permission_denied);
  EXPECT_EQ(refusal(software.signed_over(
                        SoftwareKey::client_data("webauthn.get", challenge, origin, R"(,"crossOrigin":true)")),
                    key),
            Code::permission_denied);
  for (const int flags : {0x00, 0x01, 0x04}) {
    software.flags = static_cast<std::uint8_t>(flags);
    EXPECT_EQ(refusal(software.answered(challenge, origin), key), Code::permission_denied) << flags;
  }
  software.flags = 0x05;
  software.rp_id = "evil.example";
  EXPECT_EQ(refusal(software.answered(challenge, origin), key), Code::permission_denied);
  software.rp_id = "localhost";
  WebauthnAssertion answer = software.answered(challenge, origin);
  ASSERT_EQ(refusal(answer, key), Code::internal);
  WebauthnCredential of_another_kind = key;
  of_another_kind.algorithm = -8;
  EXPECT_EQ(refusal(answer, of_another_kind), Code::permission_denied);
  of_another_kind.algorithm = 0;
  EXPECT_EQ(refusal(answer, of_another_kind), Code::permission_denied);
  answer.signature.assign(2000, 1);
  EXPECT_EQ(refusal(answer, key), Code::too_large);
}

TEST(Webauthn, RefusesACounterThatDoesNotGrow) {
  SoftwareKey software;
  software.counter = 5;
  WebauthnCredential key = check_registration(software.registered(challenge, origin), challenge, site).value();
  EXPECT_EQ(key.counter, 5u);
  const WebauthnAssertion next = software.answered(challenge, origin);
  key.counter = check_assertion(next, challenge, site, key).value();
  EXPECT_EQ(key.counter, 6u);
  EXPECT_EQ(refusal(next, key), Code::permission_denied) << "the same again";
  software.counter = 3;
  EXPECT_EQ(refusal(software.answered(challenge, origin), key), Code::permission_denied);
  software.counter = 0;
  EXPECT_EQ(refusal(software.answered(challenge, origin), key), Code::permission_denied) << "it used to count";
  software.counter = 900;
  EXPECT_EQ(check_assertion(software.answered(challenge, origin), challenge, site, key).value(), 900u);
}

}  // namespace
}  // namespace fristad
