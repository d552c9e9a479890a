// The probes of github.com/transparency-dev/merkle (testdata): proofs that hold, and the same proofs changed in every
// way that its authors thought of.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "crypto/base64.h"
#include "crypto/merkle.h"

namespace fristad {
namespace {

// One of these files, whose fields are flat and whose texts have no escapes.
class Probe {
 public:
  explicit Probe(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    EXPECT_FALSE(text_.empty()) << path;
  }

  std::uint64_t number(std::string_view name) const { return std::stoull(std::string(value(name))); }
  bool truth(std::string_view name) const { return value(name).starts_with("true"); }
  // Some probes have hashes of another length, which can't even be handed in here.
  bool has_hash(std::string_view name) const {
    return array_from_base64<sizeof(Digest)>(quoted(value(name)).front()).has_value();
  }
  // Of another length: a hash that is equal where the originals are.
  Digest hash(std::string_view name) const { return digest(quoted(value(name)).front()); }
  std::vector<Digest> hashes(std::string_view name) const {
    std::vector<Digest> found;
    const std::string_view list = value(name);
    if (!list.starts_with('[')) return found;  // null
    for (const std::string_view text : quoted(list.substr(0, list.find(']')))) found.push_back(digest(text));
    return found;
  }
  std::string description() const { return std::string(quoted(value("desc")).front()); }

 private:
  // From the value of the field to the end of the file.
  std::string_view value(std::string_view name) const {
    const std::string key = "\"" + std::string(name) + "\":";
    const std::size_t at = text_.find(key);
    EXPECT_NE(at, std::string::npos) << name;
    std::string_view rest = std::string_view(text_).substr(at + key.size());
    return rest.substr(rest.find_first_not_of(" \n"));
  }
  static std::vector<std::string_view> quoted(std::string_view text) {
    std::vector<std::string_view> found;
    for (std::size_t begin = 0; (begin = text.find('"', begin)) != std::string_view::npos;) {
      const std::size_t end = text.find('"', begin + 1);
      found.push_back(text.substr(begin + 1, end - begin - 1));
      begin = end + 1;
    }
    return found;
  }
  static Digest digest(std::string_view text) {
    const auto bytes = from_base64(text);
    EXPECT_TRUE(bytes) << text;
    if (bytes->size() != sizeof(Digest)) return sha256({as_bytes("another length"), *bytes});
    Digest hash{};
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    return hash;
  }

  std::string text_;
};

std::set<std::filesystem::path> probes(const char* kind) {
  std::set<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(FRISTAD_TEST_DATA "/merkle/" + std::string(kind))) {
    if (entry.path().extension() == ".json") found.insert(entry.path());
  }
  return found;
}

TEST(MerkleConformance, Inclusion) {
  const auto files = probes("inclusion");
  for (const auto& file : files) {
    const Probe probe(file);
    const bool verified = probe.has_hash("root") && probe.has_hash("leafHash") &&
                          verify_inclusion(probe.number("leafIdx"), probe.number("treeSize"), probe.hash("leafHash"),
                                           probe.hashes("proof"), probe.hash("root"));
    EXPECT_EQ(!verified, probe.truth("wantErr")) << file << ": " << probe.description();
  }
  std::cout << files.size() << " probes of inclusion\n";
  EXPECT_EQ(files.size(), 98u);
}

TEST(MerkleConformance, Consistency) {
  // That library wants the smaller tree to have a leaf. A witness has to accept the first checkpoint of a log, for
  // which there is nothing to prove (c2sp.org/tlog-witness): here an empty tree with its right root is consistent with
  // all.
  const std::set<std::string> accepted_here{"size1-is-zero-and-size2-is-not-zero.json"};
  std::set<std::string> accepted;
  const auto files = probes("consistency");
  for (const auto& file : files) {
    const Probe probe(file);
    const Status verified = verify_consistency(probe.number("size1"), probe.number("size2"), probe.hashes("proof"),
                                               probe.hash("root1"), probe.hash("root2"));
    if (verified && probe.truth("wantErr") && probe.number("size1") == 0) {
      accepted.insert(file.filename().string());
      continue;
    }
    EXPECT_EQ(!verified, probe.truth("wantErr")) << file << ": " << probe.description();
  }
  EXPECT_EQ(accepted, accepted_here);
  std::cout << files.size() << " probes of consistency\n";
  EXPECT_EQ(files.size(), 98u);
}

}  // namespace
}  // namespace fristad
