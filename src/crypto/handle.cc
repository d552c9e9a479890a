#include "crypto/handle.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "base/hex.h"

namespace fristad {
namespace {

using Block = std::array<std::uint8_t, 16>;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// ECB of one block is the block cipher itself, which is what is wanted here.
Block one_block(const Key& key, const Block& in, bool encrypt) {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr);
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context(EVP_CIPHER_CTX_new());
  Block out{};
  int written = 0;
  const bool good =
      context != nullptr &&
      EVP_CipherInit_ex2(context.get(), cipher, key.bytes().data(), nullptr, encrypt ? 1 : 0, nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1 &&
      EVP_CipherUpdate(context.get(), out.data(), &written, in.data(), static_cast<int>(in.size())) == 1 &&
      written == static_cast<int>(out.size());
  // It fails only where the library itself is broken or out of memory.
  if (!good) std::abort();
  EVP_CIPHER_CTX_reset(context.get());  // wipes the key
  return out;
}

void put(std::uint64_t number, std::uint8_t* to) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
}

std::uint64_t get(const std::uint8_t* from) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | from[i];
  return number;
}

}  // namespace

std::string seal_handle(const Key& key, std::uint64_t value, std::uint64_t context) {
  Block plain{};
  put(value, plain.data());
  put(context, plain.data() + 8);
  return to_hex(one_block(key, plain, true));
}

std::optional<std::uint64_t> open_handle(const Key& key, std::string_view text, std::uint64_t context) {
  Block sealed{};
  if (!from_hex(text, sealed)) return std::nullopt;
  const Block plain = one_block(key, sealed, false);
  Block expected{};
  put(context, expected.data());
  if (!equal_secrets(std::span(plain).last(8), std::span(expected).first(8))) return std::nullopt;
  return get(plain.data());
}

}  // namespace fristad
