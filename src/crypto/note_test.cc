#include "crypto/note.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/base64.h"

namespace fristad {
namespace {

// The key and the note of the reference implementation's own test (Go, golang.org/x/mod/sumdb/note).
constexpr std::string_view peter_text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view text =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr std::string_view peter_line =
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

SigningKey peter_key() {
  Key seed;
  const auto bytes = from_base64("gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=");
  std::ranges::copy(bytes.value(), seed.bytes().begin());
  return SigningKey::from_seed(seed);
}

SigningKey test_key(std::uint8_t number) {
  Key seed;
  seed.bytes()[0] = number;
  return SigningKey::from_seed(seed);
}

NoteKey peter() {
  return parse_note_key(peter_text).value();
}

std::string good_note() {
  return std::string(text) + "\n" + std::string(peter_line);
}

TEST(NoteKey, IsReadAsPublished) {
  const NoteKey key = peter();
  EXPECT_EQ(key.name, "PeterNeumann");
  EXPECT_EQ(key.id(), 0xc74f20a3u);
  EXPECT_EQ(note_key_text(key), peter_text);
  const auto foo = parse_note_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  EXPECT_EQ(foo.value().id(), 0x530d903au);
}

TEST(NoteKey, RefusesEveryPartAndEveryChange) {
  for (std::size_t begin = 0; begin < peter_text.size(); ++begin) {
    for (std::size_t end = begin; end <= peter_text.size(); ++end) {
      if (end - begin < peter_text.size()) {
        EXPECT_FALSE(parse_note_key(peter_text.substr(begin, end - begin)));
      }
    }
  }
  for (std::size_t i = 0; i < peter_text.size(); ++i) {
    std::string wrong(peter_text);
    ++wrong[i];
    EXPECT_FALSE(parse_note_key(wrong)) << wrong;
  }
  EXPECT_EQ(parse_note_key(std::string(1000, 'a')).error().code, Code::too_large);
}

TEST(NoteKey, RefusesOtherTypesOfKeys) {
  std::vector<std::uint8_t> bytes(33);
  bytes[0] = 6;
  EXPECT_EQ(parse_note_key("a+00000000+" + to_base64(bytes)).error().code, Code::unsupported);
}

TEST(NoteKey, ReadsCosignatureKeysAsWritten) {
  const NoteKey key{"example.org/dk/witness", NoteKeyType::cosignature, test_key(1).public_key()};
  EXPECT_EQ(parse_note_key(note_key_text(key)).value(), key);
  NoteKey other = key;
  other.type = NoteKeyType::ed25519;
  EXPECT_NE(other.id(), key.id());
}

TEST(Note, IsSignedAsTheReferenceImplementationDoes) {
  const SigningKey key = peter_key();
  EXPECT_EQ(sign_note(text, {{"PeterNeumann", key}}).value(), good_note());
}

TEST(Note, IsVerified) {
  const auto verified = verify_note(good_note(), std::vector{peter()});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->text, text);
  EXPECT_EQ(verified->signatures, (std::vector<VerifiedSignature>{{0, 0}}));
  EXPECT_TRUE(verified->signed_by(0));
  EXPECT_FALSE(verified->signed_by(1));
}

TEST(Note, ChangedTextOrSignatureIsRefused) {
  const std::string good = good_note();
  const std::vector keys{peter()};
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string wrong = good;
    wrong[i] ^= 1;
    EXPECT_FALSE(verify_note(wrong, keys)) << i;
    EXPECT_FALSE(verify_note(good.substr(0, i), keys)) << i;
  }
}

TEST(Note, UnknownKeysArePassedOver) {
  const SigningKey stranger = test_key(7);
  const std::string line = sign_note(text, {{"stranger", stranger}}).value().substr(text.size() + 1);
  const auto verified = verify_note(std::string(text) + "\n" + line + std::string(peter_line), std::vector{peter()});
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->signatures.size(), 1u);
  EXPECT_EQ(verify_note(std::string(text) + "\n" + line, std::vector{peter()}).error().code, Code::permission_denied);
  EXPECT_EQ(verify_note(good_note(), {}).error().code, Code::permission_denied);
  // Known by its name alone, or by its id alone, is not known.
  NoteKey same_name{"PeterNeumann", NoteKeyType::ed25519, stranger.public_key()};
  EXPECT_EQ(verify_note(good_note(), std::vector{same_name}).error().code, Code::permission_denied);
}

TEST(Note, RepeatedSignaturesCountOnce) {
  const auto verified = verify_note(good_note() + std::string(peter_line), std::vector{peter()});
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->signatures.size(), 1u);
}

TEST(Note, KeysMustBeTellableApart) {
  EXPECT_EQ(verify_note(good_note(), std::vector{peter(), peter()}).error().code, Code::invalid_argument);
}

// The cases in which a note has to be refused, whoever signed it.
TEST(Note, MalformedNotesAreRefused) {
  const std::string line(peter_line);
  const std::string body(text);
  const auto refused = [](const std::string& note) {
    const auto verified = verify_note(note, std::vector{peter()});
    return !parse_note(note) && !verified;
  };
  EXPECT_TRUE(refused(body + "\n" + line.substr(0, line.size() - 1))) << "no line feed at the end";
  std::string with_cr = body + "\n" + line;
  for (std::size_t at = 0; (at = with_cr.find('\n', at)) != std::string::npos; at += 2) with_cr.insert(at, "\r");
  EXPECT_TRUE(refused(with_cr)) << "CRLF";
  EXPECT_TRUE(refused("a\x01\n\n" + line)) << "control character";
  EXPECT_TRUE(refused(std::string("a\0\n\n", 4) + line)) << "zero byte";
  EXPECT_TRUE(refused("a\tb\n\n" + line)) << "tab";
  EXPECT_TRUE(refused("a\xff\n\n" + line)) << "no UTF-8";
  EXPECT_TRUE(refused("a\xed\xa0\x80\n\n" + line)) << "a surrogate";
  EXPECT_TRUE(refused(body + line)) << "no blank line";
  EXPECT_TRUE(refused(body + "\n")) << "no signatures";
  EXPECT_TRUE(refused(body)) << "no signatures, no blank line";
  EXPECT_TRUE(refused("")) << "nothing";
  EXPECT_TRUE(refused("\n" + line)) << "no text";
  EXPECT_TRUE(refused(body + "\n" + line + "\n")) << "blank line at the end";
  EXPECT_TRUE(refused(body + "\n" + line + "\n" + "\n")) << "blank lines at the end";
  EXPECT_TRUE(refused(body + "\n" + "text\n" + line)) << "a line of text among the signatures";
  EXPECT_TRUE(refused(body + "\n" + "- " + line.substr(4))) << "another dash";
  EXPECT_TRUE(refused(body + "\n" + " " + line)) << "blank in front";
  EXPECT_TRUE(refused(body + "\n" + line.substr(0, line.size() - 1) + " \n")) << "blank behind";
  EXPECT_TRUE(refused(body + "\n\u2014  AAAAAAA=\n")) << "no name";
  EXPECT_TRUE(refused(body + "\n\u2014 Peter+Neumann AAAAAAA=\n")) << "plus sign in the name";
  EXPECT_TRUE(refused(body + "\n\u2014 Peter\u00a0Neumann AAAAAAA=\n")) << "unicode blank in the name";
  EXPECT_TRUE(refused(body + "\n\u2014 " + std::string(256, 'n') + " AAAAAAA=\n")) << "endless name";
  EXPECT_TRUE(refused(body + "\n\u2014 PeterNeumann AAAAAA==\n")) << "a key's id and no signature";
  EXPECT_TRUE(refused(body + "\n\u2014 PeterNeumann AAAAAA\n")) << "base64 without padding";
  EXPECT_TRUE(refused(body + "\n\u2014 PeterNeumann AAAAAB1=\n")) << "base64 with bits left over";
  EXPECT_TRUE(refused(body + "\n\u2014 PeterNeumann\n")) << "no signature";

  std::string many = body + "\n";
  for (std::size_t i = 0; i < note_signatures_max; ++i) many += "\u2014 n AAAAAAA=\n";
  EXPECT_TRUE(parse_note(many)) << "32 signatures";
  EXPECT_EQ(parse_note(many + line).error().code, Code::too_large) << "33rd signature";
  EXPECT_EQ(parse_note(std::string(note_size_max, 'a') + "\n\n" + line).error().code, Code::too_large);
}

TEST(Note, SameNameAndIdWithAnotherKeyIsRefused) {
  // A line that claims to be Peter's, made with another key; also where his own is there too.
  const SigningKey forger = test_key(9);
  std::vector<std::uint8_t> bytes{0xc7, 0x4f, 0x20, 0xa3};
  const Signature signature = forger.sign(as_bytes(text));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  const std::string forged = "\u2014 PeterNeumann " + to_base64(bytes) + "\n";
  const std::vector keys{peter()};
  EXPECT_EQ(verify_note(std::string(text) + "\n" + forged, keys).error().code, Code::damaged);
  EXPECT_EQ(verify_note(good_note() + forged, keys).error().code, Code::damaged);
}

TEST(Note, TextsMayHaveBlankLines) {
  const SigningKey key = peter_key();
  const std::string poem = "one\n\ntwo\n\n";
  const std::string note = sign_note(poem, {{"PeterNeumann", key}}).value();
  EXPECT_EQ(verify_note(note, std::vector{peter()}).value().text, poem);
}

TEST(Note, OnlyWellFormedTextsAreSigned) {
  const SigningKey key = test_key(1);
  for (const char* bad : {"", "no line feed", "a\r\n", "a\tb\n", "\xff\n", "cosignature/v1\ntime 1\nx\n"}) {
    EXPECT_EQ(sign_note(bad, {{"name", key}}).error().code, Code::invalid_argument) << bad;
  }
  for (const char* name : {"", "a b", "a+b", "a\nb",
                           "a\u2003"
                           "b",
                           "\xff"}) {
    EXPECT_EQ(sign_note("a\n", {{name, key}}).error().code, Code::invalid_argument) << name;
  }
  EXPECT_EQ(sign_note("a\n", {}).error().code, Code::invalid_argument);
  EXPECT_EQ(sign_note(std::string(note_size_max - 1, 'a') + "\n", {{"n", key}}).error().code, Code::too_large);
  const std::vector<NoteSigner> many(note_signatures_max + 1, NoteSigner{"n", key});
  EXPECT_EQ(sign_note("a\n", many).error().code, Code::too_large);
}

}  // namespace
}  // namespace fristad
