#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/hex.h"
#include "fristad/hash.h"

namespace fristad {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// From RFC 1321, RFC 3174 and FIPS 180-2.
TEST(Digester, PublishedValues) {
  Digester digester;
  digester.update(bytes_of("abc"));
  Digests digests = digester.finish();
  EXPECT_EQ(to_hex(digests.md5), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(digests.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(digests.sha256), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  digests = digester.finish();
  EXPECT_EQ(to_hex(digests.md5), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(digests.sha1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(digests.sha256), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digester, PiecesMakeNoDifference) {
  std::mt19937_64 random(7);
  std::vector<std::uint8_t> bytes(200'000);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  Digester whole;
  whole.update(bytes);
  const Digests expected = whole.finish();
  Digester pieces;
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - done, random() % 40'000);
    pieces.update(std::span(bytes).subspan(done, size));
    done += size;
  }
  EXPECT_EQ(pieces.finish(), expected);
}

TEST(Digester, Moves) {
  Digester first;
  first.update(bytes_of("a"));
  Digester second = std::move(first);
  second.update(bytes_of("bc"));
  EXPECT_EQ(to_hex(second.finish().md5), "900150983cd24fb0d6963f7d28e17f72");
}

}  // namespace
}  // namespace fristad
