#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "http/client.h"

namespace fristad {
namespace {

using V6 = std::array<std::uint8_t, 16>;

struct V4Range {
  std::uint32_t base;
  int bits;
};

// What the registry for special purposes has as not reachable from everywhere (RFC 6890, and IANA's additions since),
// and multicast.
constexpr std::array<V4Range, 15> v4_special = {{
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared by carriers' address translators
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // relays of 6to4, given up
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
}};

struct V6Range {
  std::array<std::uint8_t, 6> base;
  int bits;
};

// Of 2000::/3, which is all that is public of v6.
constexpr std::array<V6Range, 3> v6_special = {{
    {{0x20, 0x01, 0x00}, 23},        // protocol assignments, Teredo, benchmarks, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x3f, 0xff, 0x00}, 20},        // documentation
}};

bool is_public(std::uint32_t v4) {
  for (const V4Range& range : v4_special) {
    if ((v4 ^ range.base) >> (32 - range.bits) == 0) return false;
  }
  return true;
}

std::uint32_t v4_at(const V6& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t offset = 0; offset < 4; ++offset) value = value << 8 | bytes[at + offset];
  return value;
}

bool begins(const V6& bytes, const V6Range& range) {
  for (int bit = 0; bit < range.bits; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if (((bytes[at] ^ range.base[at]) & mask) != 0) return false;
  }
  return true;
}

bool is_public(const V6& bytes) {
  // Addresses that carry one of v4, to which a translator or a tunnel would take the connection.
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> nat64 = {0, 0x64, 0xff, 0x9b};
  if (std::memcmp(bytes.data(), mapped.data(), mapped.size()) == 0) return is_public(v4_at(bytes, 12));
  if (std::memcmp(bytes.data(), nat64.data(), nat64.size()) == 0) return is_public(v4_at(bytes, 12));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public(v4_at(bytes, 2));  // 6to4

  if (bytes[0] >> 5 != 1) return false;
  for (const V6Range& range : v6_special) {
    if (begins(bytes, range)) return false;
  }
  return true;
}

}  // namespace

bool is_public_address(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return is_public(ntohl(v4.s_addr));
  V6 v6{};
  return inet_pton(AF_INET6, address.c_str(), v6.data()) == 1 && is_public(v6);
}

}  // namespace fristad
