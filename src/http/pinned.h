#pragma once

// TLS 1.3 between two programs that know one another's keys: no issuer, no name, no date.
//
//   const auto is_known = [&](const TlsKey& key, std::string_view) { return known.contains(key); };
//   HttpClient client({.host = "node.example", .port = 8341, .pinned = PinnedTls{.seed = seed, .trusts = is_known}});
//
// Each side shows a certificate that it made in memory from its seed, and proves with its signature of the handshake
// that it has the key in it (RFC 8446, section 4.4.3). Of the other's certificate the Ed25519 key alone is looked at,
// at each handshake, and a text that may stand beside it, such as somebody's word for the key: what is trusted no more
// may still talk on a connection that it has. Nothing is resumed and nothing is sent early.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fristad {

inline constexpr std::size_t tls_note_bytes_max = 4096;

struct PinnedTls {
  // Secret: of our own Ed25519 key (RFC 8032, section 5.1.5). Each copy of this struct wipes its own when it goes, and
  // client and server theirs as soon as TLS has the key; whom the seed was taken from wipes that one.
  std::array<std::uint8_t, 32> seed{};
  // What our certificate says beside the key: ASCII, at most 4 KiB; not secret.
  std::string note = {};
  // Asked at each handshake, from any thread, must be quick and not throw. Empty: nobody. The note is only as true as
  // what it proves by itself: whoever has the key wrote it.
  std::function<bool(const TlsKey& key, std::string_view note)> trusts = {};

  ~PinnedTls();
};

}  // namespace fristad
