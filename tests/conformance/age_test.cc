// The files of github.com/C2SP/CCTV (age): each says in its first lines what has to become of it.

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/hex.h"
#include "crypto/age.h"

namespace fristad {
namespace {

struct Vector {
  std::string name;
  std::map<std::string, std::string> fields;
  std::vector<AgeIdentity> identities;
  bool hybrid = false;  // needs an ML-KEM identity
  std::string file;
};

std::string inflated(const std::string& compressed) {
  std::string plain(32 << 20, '\0');
  std::size_t size = 0;
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  EXPECT_EQ(
      libdeflate_zlib_decompress(decompressor, compressed.data(), compressed.size(), plain.data(), plain.size(), &size),
      LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(decompressor);
  plain.resize(size);
  return plain;
}

Vector read_vector(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  Vector vector;
  vector.name = path.filename().string();
  for (std::string line; std::getline(stream, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    EXPECT_NE(colon, std::string::npos) << path;
    const std::string key = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    vector.fields[key] = value;
    if (key != "identity") continue;
    auto identity = AgeIdentity::parse(value);
    if (identity) {
      vector.identities.push_back(*std::move(identity));
    } else {
      EXPECT_TRUE(value.starts_with("AGE-SECRET-KEY-PQ-1")) << path << ": " << identity.error().message;
      EXPECT_EQ(identity.error().code, Code::invalid_argument);
      vector.hybrid = true;
    }
  }
  vector.file.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  if (vector.fields.contains("compressed")) {
    EXPECT_EQ(vector.fields["compressed"], "zlib");
    vector.file = inflated(vector.file);
  }
  return vector;
}

struct Outcome {
  Status status;
  std::string plain;
};

// `piece` bytes at a time, as a slow network would give them.
Outcome decrypt(const Vector& vector, std::size_t piece) {
  std::string_view rest = vector.file;
  ReadBytes read = [&rest, piece](std::span<char> bytes) -> Result<std::size_t> {
    const std::size_t count = std::min({rest.size(), bytes.size(), piece});
    std::copy_n(rest.data(), count, bytes.data());
    rest.remove_prefix(count);
    return count;
  };
  if (vector.fields.contains("armored")) read = age_dearmored(read);
  const auto passphrase = vector.fields.find("passphrase");
  Outcome outcome;
  const AgeKeys keys{.identities = vector.identities,
                     .passphrase = passphrase == vector.fields.end() ? "" : std::string_view(passphrase->second)};
  outcome.status = age_decrypt(
      read,
      [&](Bytes bytes) -> Status {
        outcome.plain += as_text(bytes);
        return {};
      },
      keys);
  return outcome;
}

std::string kind_of(const Status& status) {
  if (status) return "success";
  if (status.error().code == Code::permission_denied) return "no match";
  const std::string& message = status.error().message;
  if (message.find("its authentication is wrong") != std::string::npos) return "HMAC failure";
  for (const char* part : {"header", "armor", "payload"}) {
    if (message.starts_with("the age file's " + std::string(part))) return std::string(part) + " failure";
  }
  return message;
}

TEST(AgeConformance, EveryFileBecomesWhatItSays) {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FRISTAD_TEST_DATA "/age/testdata")) {
    paths.insert(entry.path());
  }
  int ran = 0;
  std::vector<std::string> hybrid;
  for (const auto& path : paths) {
    Vector vector = read_vector(path);
    SCOPED_TRACE(vector.name);
    const Outcome outcome = decrypt(vector, vector.file.size() + 1);
    if (vector.hybrid) {
      // ML-KEM is in no library here. Such a file is one for somebody else, or none at all.
      EXPECT_FALSE(outcome.status);
      EXPECT_TRUE(outcome.plain.empty());
      hybrid.push_back(vector.name);
      continue;
    }
    ++ran;
    EXPECT_EQ(kind_of(outcome.status), vector.fields["expect"]);
    if (vector.fields.contains("payload")) {
      EXPECT_EQ(to_hex(sha256(as_bytes(outcome.plain))), vector.fields["payload"]);
    } else {
      EXPECT_TRUE(outcome.plain.empty());
    }
    if (vector.file.size() < 10'000 && !vector.fields.contains("passphrase")) {
      const Outcome slow = decrypt(vector, 1);
      EXPECT_EQ(kind_of(slow.status), vector.fields["expect"]);
      EXPECT_EQ(slow.plain, outcome.plain);
    }
  }
  std::cout << ran << " of " << paths.size() << " files; " << hybrid.size()
            << " need a hybrid (ML-KEM) identity, which this version doesn't know:";
  for (const std::string& name : hybrid) std::cout << ' ' << name;
  std::cout << '\n';
  EXPECT_EQ(paths.size(), 143u);
  EXPECT_EQ(hybrid.size(), 19u);
}

}  // namespace
}  // namespace fristad
