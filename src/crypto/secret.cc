#include "crypto/secret.h"

#include <sodium.h>

namespace fristad {

void wipe(std::span<std::uint8_t> bytes) {
  sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  // Up to the capacity: a text that became shorter has left its end behind.
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

bool equal_secrets(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other) {
  return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace fristad
