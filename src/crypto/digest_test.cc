#include "crypto/digest.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace fristad {
namespace {

TEST(Sha256, GivesThePublishedValues) {
  // FIPS 180-4, examples of NIST.
  EXPECT_EQ(to_hex(sha256(as_bytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")})), to_hex(sha256(as_bytes("abc"))));
}

}  // namespace
}  // namespace fristad
