// Any bytes as an age file, in binary and as text: no crash, no endless work, nothing out that wasn't authenticated,
// and the same answer however the bytes arrive. And any bytes as the payload behind a header that is right, and as
// plain text.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/age.h"
#include "crypto/shares.h"

namespace {

using namespace fristad;

// What the kept inputs are made for.
constexpr std::string_view known_identity =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
constexpr std::string_view known_passphrase = "password";

void require(bool truth) {
  if (!truth) std::abort();
}

Random fixed() {
  return [next = std::uint8_t{0}](std::span<std::uint8_t> bytes) mutable -> Status {
    for (std::uint8_t& byte : bytes) byte = ++next;
    return {};
  };
}

ReadBytes reader(std::string_view& rest, std::size_t piece) {
  return [&rest, piece](std::span<char> room) -> Result<std::size_t> {
    const std::size_t count = std::min({piece, room.size(), rest.size()});
    std::copy_n(rest.data(), count, room.data());
    rest.remove_prefix(count);
    return count;
  };
}

// What came out, and how it ended.
std::string opened(std::string_view file, std::size_t piece, bool armored, const AgeIdentity& identity) {
  ReadBytes read = reader(file, piece);
  if (armored) read = age_dearmored(read);
  std::string out;
  const Status status =
      age_decrypt(read,
                  [&](Bytes bytes) -> Status {
                    require(!bytes.empty() && bytes.size() <= 65'536);
                    out += as_text(bytes);
                    return {};
                  },
                  {.identities = {&identity, 1}, .passphrase = known_passphrase, .work_factor_max = 4});
  return out + (status ? "\nsuccess" : "\n" + status.error().message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const AgeIdentity identity = AgeIdentity::parse(known_identity).value();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool armored : {false, true}) {
    require(opened(bytes, size + 1, armored, identity) == opened(bytes, 1 + size % 13, armored, identity));
  }

  std::string sealed;
  std::string_view plain = bytes;
  const AgeRecipient recipient = identity.recipient();
  const WriteBytes append = [&](Bytes piece) -> Status {
    sealed += as_text(piece);
    return {};
  };
  require(age_encrypt(reader(plain, 1 + size % 1000), append, {&recipient, 1}, fixed()).has_value());
  require(opened(sealed, sealed.size(), false, identity) == std::string(bytes) + "\nsuccess");

  // Behind a right header: a forged payload never opens, for nobody can make one without the key.
  const std::size_t header_end = sealed.find('\n', sealed.find("\n---") + 1) + 1;
  const std::string forged = sealed.substr(0, header_end) + std::string(bytes);
  require(!opened(forged, forged.size(), false, identity).ends_with("\nsuccess"));

  const std::vector<std::string> shares{std::string(bytes.substr(0, size / 2)), std::string(bytes.substr(size / 2))};
  require(!join_shares(shares));
  return 0;
}
