#include "crypto/password.h"

#include <sodium.h>

#include <array>

#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/primitives.h"

namespace fristad {
namespace {

using HashText = std::array<char, crypto_pwhash_argon2id_STRBYTES>;

constexpr std::size_t salt_size = crypto_pwhash_argon2id_SALTBYTES;
constexpr std::size_t hash_size = 32;

// libsodium wants a text that ends with a zero byte.
bool fill(std::string_view hash, HashText& text) {
  if (hash.size() >= text.size() || hash.find('\0') != std::string_view::npos) return false;
  text.fill('\0');
  hash.copy(text.data(), hash.size());
  return true;
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  start_sodium();
  if (password.size() > password_bytes_max) {
    return Error{Code::too_large, "the password is longer than 1,024 bytes; choose a shorter one"};
  }
  HashText text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), cost.operations,
                                 static_cast<std::size_t>(cost.memory_bytes)) != 0) {
    return Error{Code::unavailable, "not enough memory to hash the password: " +
                                        std::to_string(cost.memory_bytes >> 20) + " MiB are needed"};
  }
  return std::string(text.data());
}

bool is_password_of(std::string_view hash, std::string_view password) {
  start_sodium();
  HashText text{};
  if (!fill(hash, text)) return false;
  // Too long a one is as wrong as any, and takes no longer to tell.
  const std::string_view bounded = password.substr(0, password_bytes_max);
  const bool same = crypto_pwhash_argon2id_str_verify(text.data(), bounded.data(), bounded.size()) == 0;
  return same && bounded.size() == password.size();
}

bool needs_rehash(std::string_view hash, const PasswordCost& cost) {
  start_sodium();
  HashText text{};
  return !fill(hash, text) || crypto_pwhash_argon2id_str_needs_rehash(text.data(), cost.operations,
                                                                      static_cast<std::size_t>(cost.memory_bytes)) != 0;
}

Result<std::string> hash_of_nobody(const PasswordCost& cost, const Random& random) {
  const auto salt = TRY(random_array<salt_size>(random));
  // Any 32 bytes are the hash of some text, which nobody knows and nobody finds.
  const auto hash = TRY(random_array<hash_size>(random));
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_bytes >> 10) + ",t=" + std::to_string(cost.operations) +
         ",p=1$" + to_base64(salt, Padding::refused) + "$" + to_base64(hash, Padding::refused);
}

}  // namespace fristad
