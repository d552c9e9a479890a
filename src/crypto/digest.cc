#include "crypto/digest.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace fristad {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Fetched once: a lookup for every digest would cost more than the digest.
const EVP_MD* algorithm() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

}  // namespace

Digest sha256(std::initializer_list<Bytes> pieces) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest digest;
  bool good = context != nullptr && EVP_DigestInit_ex2(context.get(), algorithm(), nullptr) == 1;
  for (const Bytes piece : pieces) good = good && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  good = good && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  // It fails only without memory or without the library's own files. A log with a wrong hash would be worse.
  if (!good) std::abort();
  return digest;
}

}  // namespace fristad
