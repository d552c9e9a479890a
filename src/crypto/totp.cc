#include "crypto/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdlib>

#include "crypto/secret.h"

namespace fristad {

// RFC 4226, section 5.3.
std::string totp_code(Bytes secret, std::int64_t step) {
  std::array<std::uint8_t, 8> counter{};
  for (std::size_t i = 0; i < 8; ++i) counter[i] = static_cast<std::uint8_t>(step >> (56 - 8 * i));
  std::array<std::uint8_t, 20> mac{};
  unsigned int size = 0;
  // It fails only where the library itself is broken or out of memory.
  if (HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), mac.data(),
           &size) == nullptr ||
      size != mac.size()) {
    std::abort();
  }
  const std::size_t at = mac[19] & 0xf;
  const std::uint32_t number = std::uint32_t{mac[at] & 0x7fU} << 24 | std::uint32_t{mac[at + 1]} << 16 |
                               std::uint32_t{mac[at + 2]} << 8 | mac[at + 3];
  wipe(mac);
  const std::string digits = std::to_string(number % 1'000'000);
  return std::string(6 - digits.size(), '0') + digits;
}

std::optional<std::int64_t> accepted_totp(Bytes secret, std::string_view code, std::int64_t utc_ms,
                                          std::int64_t last_step) {
  std::optional<std::int64_t> accepted;
  const std::int64_t now = totp_step(utc_ms);
  for (std::int64_t step = now - 1; step <= now + 1; ++step) {
    const std::string right = totp_code(secret, step);
    if (equal_secrets(as_bytes(right), as_bytes(code)) && step > last_step && !accepted) accepted = step;
  }
  return accepted;
}

}  // namespace fristad
