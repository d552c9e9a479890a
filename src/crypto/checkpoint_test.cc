#include <gtest/gtest.h>

#include "crypto/base64.h"
#include "crypto/merkle_fixture.h"
#include "crypto/note.h"

namespace fristad {
namespace {

constexpr std::string_view origin = "example.org/se/log";

// Its three lines are the example of the specification.
constexpr std::string_view body =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

SigningKey test_key(std::uint8_t number) {
  Key seed;
  seed.bytes()[0] = number;
  return SigningKey::from_seed(seed);
}

class Log : public ::testing::Test {
 protected:
  Log() {
    for (const Digest& leaf : leaves_) frontier_.append(leaf);
  }

  std::string text() const {
    return encode_checkpoint({std::string(origin), frontier_.size(), frontier_.root()}).value();
  }
  std::string note() const { return sign_note(text(), {{origin, key_}}).value(); }

  std::vector<Digest> leaves_ = testing::numbered_leaves(100);
  MerkleFrontier frontier_;
  SigningKey key_ = test_key(1);
  SigningKey danish_ = test_key(2);
  SigningKey polish_ = test_key(3);
  NoteKey log_{std::string(origin), NoteKeyType::ed25519, key_.public_key()};
  std::vector<NoteKey> witnesses_{{"example.org/dk/witness", NoteKeyType::cosignature, danish_.public_key()},
                                  {"example.org/pl/witness", NoteKeyType::cosignature, polish_.public_key()}};
};

TEST(Checkpoint, IsReadAsItIsWritten) {
  const auto checkpoint = parse_checkpoint(body);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20'852'163u);
  EXPECT_EQ(encode_checkpoint(*checkpoint).value(), body);
  const std::string empty = encode_checkpoint({"o", 0, empty_root()}).value();
  EXPECT_EQ(empty, "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
  EXPECT_EQ(parse_checkpoint(empty).value().size, 0u);
}

TEST(Checkpoint, OtherTextsAreRefused) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  for (const std::string& bad : std::initializer_list<std::string>{std::string(),
                                                                   std::string("o\n"),
                                                                   std::string("o\n1\n"),
                                                                   "o\n1\n" + root.substr(0, root.size() - 1),
                                                                   "\n1\n" + root,
                                                                   "o o\n1\n" + root,
                                                                   "o+o\n1\n" + root,
                                                                   "o\n01\n" + root,
                                                                   "o\n00\n" + root,
                                                                   "o\n\n" + root,
                                                                   "o\n-1\n" + root,
                                                                   "o\n+1\n" + root,
                                                                   "o\n 1\n" + root,
                                                                   "o\n1 \n" + root,
                                                                   "o\n0x1\n" + root,
                                                                   "o\n1.0\n" + root,
                                                                   "o\n9223372036854775808\n" + root,
                                                                   "o\n99999999999999999999999\n" + root,
                                                                   "o\n1\r\n" + root,
                                                                   "o\n1\nAAAA\n",
                                                                   "o\n1\n" + root.substr(1),
                                                                   "o\n1\n\n",
                                                                   "o\n0\n" + root}) {
    EXPECT_EQ(parse_checkpoint(bad).error().code, Code::damaged) << bad;
  }
  EXPECT_TRUE(parse_checkpoint("o\n9223372036854775807\n" + root));
  EXPECT_EQ(parse_checkpoint("o\n1\n" + root + "extension\n").error().code, Code::unsupported);
  EXPECT_EQ(parse_checkpoint("o\n1\n" + root + "\n").error().code, Code::unsupported);
}

TEST(Checkpoint, OnlyWellFormedOnesAreWritten) {
  EXPECT_EQ(encode_checkpoint({"", 1, {}}).error().code, Code::invalid_argument);
  EXPECT_EQ(encode_checkpoint({"a\nb", 1, {}}).error().code, Code::invalid_argument);
  EXPECT_EQ(encode_checkpoint({"o", 0, {}}).error().code, Code::invalid_argument);
  EXPECT_EQ(encode_checkpoint({"o", tree_size_max, {}}).error().code, Code::too_large);
}

TEST_F(Log, CheckpointIsVerifiedWithItsCosignatures) {
  std::string signed_note = note();
  signed_note += cosign(text(), witnesses_[1].name, polish_, 1'679'315'147).value();
  signed_note += cosign(text(), "example.org/xx/unknown", danish_, 5).value();
  const auto verified = verify_checkpoint(signed_note, log_, witnesses_);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->checkpoint.size, 100u);
  EXPECT_EQ(verified->checkpoint.root, frontier_.root());
  ASSERT_EQ(verified->cosignatures.size(), 1u);
  EXPECT_EQ(verified->cosignatures[0].witness, 1u);
  EXPECT_EQ(verified->cosignatures[0].time, 1'679'315'147u);
}

TEST_F(Log, CosignatureIsOverTimeAndText) {
  const std::string line = cosign(text(), witnesses_[0].name, danish_, 1'679'315'147).value();
  const std::size_t blank = line.rfind(' ');
  auto bytes = from_base64(std::string_view(line).substr(blank + 1, line.size() - blank - 2)).value();
  ASSERT_EQ(bytes.size(), 4u + 8u + 64u);
  Signature signature{};
  std::copy(bytes.begin() + 12, bytes.end(), signature.begin());
  EXPECT_TRUE(verify(danish_.public_key(), as_bytes("cosignature/v1\ntime 1679315147\n" + text()), signature));
  // The timestamp of the specification's own example.
  EXPECT_EQ(to_base64(std::span(bytes).subspan(4, 8)), "AAAAAGQYUMs=");
  bytes[11] ^= 1;
  const std::string later = line.substr(0, blank + 1) + to_base64(bytes) + "\n";
  EXPECT_EQ(verify_checkpoint(note() + later, log_, witnesses_).error().code, Code::damaged);
  bytes[4] = 0x80;
  const std::string negative = line.substr(0, blank + 1) + to_base64(bytes) + "\n";
  EXPECT_EQ(verify_checkpoint(note() + negative, log_, witnesses_).error().code, Code::damaged);
}

TEST_F(Log, NewestCosignatureOfAWitnessCounts) {
  const std::string early = cosign(text(), witnesses_[0].name, danish_, 10).value();
  const std::string late = cosign(text(), witnesses_[0].name, danish_, 20).value();
  for (const std::string& lines : {early + late, late + early}) {
    const auto verified = verify_checkpoint(note() + lines, log_, witnesses_);
    ASSERT_EQ(verified.value().cosignatures.size(), 1u);
    EXPECT_EQ(verified->cosignatures[0].time, 20u);
  }
}

TEST_F(Log, WitnessesAloneDontMakeACheckpoint) {
  const std::string cosigned = text() + "\n" + cosign(text(), witnesses_[0].name, danish_, 10).value();
  EXPECT_EQ(verify_checkpoint(cosigned, log_, witnesses_).error().code, Code::permission_denied);
  // A key of the log, on a checkpoint of another.
  const std::string foreign = encode_checkpoint({"example.org/no/log", 1, leaves_[0]}).value();
  const std::string signed_foreign = sign_note(foreign, {{origin, key_}}).value();
  EXPECT_EQ(verify_checkpoint(signed_foreign, log_, witnesses_).error().code, Code::permission_denied);
}

TEST_F(Log, WitnessSignsCheckpointsOnly) {
  EXPECT_FALSE(cosign("anything\n", "w", danish_, 1));
  EXPECT_EQ(cosign(text(), "w w", danish_, 1).error().code, Code::invalid_argument);
  EXPECT_EQ(cosign(text(), "w", danish_, std::uint64_t{1} << 63).error().code, Code::invalid_argument);
}

TEST_F(Log, CosignatureAsOrdinarySignatureIsNone) {
  // The same key known as an ordinary one: another id, so another key.
  const std::vector<NoteKey> ordinary{{"example.org/dk/witness", NoteKeyType::ed25519, danish_.public_key()}};
  const std::string line = cosign(text(), "example.org/dk/witness", danish_, 1).value();
  EXPECT_TRUE(verify_checkpoint(note() + line, log_, ordinary).value().cosignatures.empty());
}

TEST_F(Log, ProofFileHoldsByItself) {
  const testing::AllHashes all(leaves_);
  for (const std::size_t index : {0U, 63U, 64U, 99U}) {
    const LogProof proof{index,
                         inclusion_proof(index, 100, all.hash_at()).value(),
                         note() + cosign(text(), witnesses_[0].name, danish_, 7).value(),
                         {}};
    const std::string file = encode_log_proof(proof).value();
    EXPECT_TRUE(file.starts_with("c2sp.org/tlog-proof@v1\nindex " + std::to_string(index) + "\n"));
    const auto read = parse_log_proof(file);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, proof);
    const auto verified = verify_log_proof(*read, leaves_[index], log_, witnesses_);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->cosignatures.size(), 1u);
    EXPECT_EQ(verify_log_proof(*read, leaves_[(index + 1) % 100], log_, witnesses_).error().code, Code::damaged);
    LogProof moved = *read;
    moved.index ^= 1;
    EXPECT_FALSE(verify_log_proof(moved, leaves_[index], log_, witnesses_));
  }
}

TEST_F(Log, ProofFileCarriesExtraBytes) {
  LogProof proof{0, {}, note(), {1, 2, 3}};
  const std::string file = encode_log_proof(proof).value();
  EXPECT_TRUE(file.starts_with("c2sp.org/tlog-proof@v1\nextra AQID\nindex 0\n\nexample.org/se/log\n"));
  EXPECT_EQ(parse_log_proof(file).value(), proof);
}

TEST_F(Log, OtherProofFilesAreRefused) {
  const std::string good = note();
  const std::string start = "c2sp.org/tlog-proof@v1\n";
  const std::string hash = to_base64(leaves_[0]) + "\n";
  ASSERT_TRUE(parse_log_proof(start + "index 0\n" + hash + "\n" + good));
  for (const std::string& bad : std::initializer_list<std::string>{std::string(),
                                                                   start,
                                                                   start + "\n" + good,
                                                                   start + "index\n\n" + good,
                                                                   start + "index 00\n\n" + good,
                                                                   start + "index -1\n\n" + good,
                                                                   start + "index 9223372036854775808\n\n" + good,
                                                                   start + "index 0\n" + good,
                                                                   start + "index 0\n" + hash + good,
                                                                   start + "index 0\n" + hash,
                                                                   start + "index 0\nAAAA\n\n" + good,
                                                                   start + "extra\nindex 0\n\n" + good,
                                                                   start + "extra \nindex 0\n\n" + good,
                                                                   start + "extra A\nindex 0\n\n" + good,
                                                                   start + "index 0\nextra AQID\n\n" + good,
                                                                   start + "extra AQID\nextra AQID\nindex 0\n\n" + good,
                                                                   start + "index 0\n\n\n",
                                                                   start + "index 0\n\n" + text(),
                                                                   "c2sp.org/tlog-proof@v2\nindex 0\n\n" + good,
                                                                   "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" + good}) {
    EXPECT_EQ(parse_log_proof(bad).error().code, Code::damaged) << bad;
  }
  std::string many = start + "index 0\n";
  for (int i = 0; i < 63; ++i) many += hash;
  EXPECT_TRUE(parse_log_proof(many + "\n" + good));
  EXPECT_EQ(parse_log_proof(many + hash + "\n" + good).error().code, Code::too_large);
  EXPECT_EQ(parse_log_proof(std::string(200'000, 'a')).error().code, Code::too_large);
  EXPECT_EQ(encode_log_proof({0, std::vector<Digest>(64), good, {}}).error().code, Code::too_large);
  EXPECT_EQ(encode_log_proof({0, {}, "no note", {}}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
