#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "fristad/hash.h"

namespace fristad {
namespace {

// Small enough to stay in the first-level cache while three algorithms read it in turn.
constexpr std::size_t piece_bytes = 16u << 10;

// What can fail here is memory, as in any constructor, or an OpenSSL without the algorithm: no program that
// identifies files by it can run there.
void must(bool done) {
  if (!done) throw std::bad_alloc();
}

// One algorithm, fetched once and started again without another look-up for each file.
class Hasher {
 public:
  explicit Hasher(const char* name) : context_(EVP_MD_CTX_new()) {
    // MD5 identifies files here and protects nothing, so a FIPS configuration needn't refuse it.
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, "-fips");
    const bool started =
        context_ != nullptr && algorithm != nullptr && EVP_DigestInit_ex(context_, algorithm, nullptr) == 1;
    EVP_MD_free(algorithm);  // the context holds its own reference
    if (!started) EVP_MD_CTX_free(context_);
    must(started);
  }
  ~Hasher() { EVP_MD_CTX_free(context_); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(std::span<const std::uint8_t> piece) {
    must(EVP_DigestUpdate(context_, piece.data(), piece.size()) == 1);
  }
  void finish(std::uint8_t* digest) {
    must(EVP_DigestFinal_ex(context_, digest, nullptr) == 1 && EVP_DigestInit_ex(context_, nullptr, nullptr) == 1);
  }

 private:
  EVP_MD_CTX* context_;
};

}  // namespace

struct Digester::State {
  Hasher md5{"MD5"};
  Hasher sha1{"SHA1"};
  Hasher sha256{"SHA256"};
};

Digester::Digester() : state_(new State) {}
Digester::~Digester() {
  delete state_;
}
Digester::Digester(Digester&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
Digester& Digester::operator=(Digester&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

void Digester::update(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), piece_bytes));
    state_->md5.update(piece);
    state_->sha1.update(piece);
    state_->sha256.update(piece);
    bytes = bytes.subspan(piece.size());
  }
}

Digests Digester::finish() {
  Digests digests;
  state_->md5.finish(digests.md5.data());
  state_->sha1.finish(digests.sha1.data());
  state_->sha256.finish(digests.sha256.data());
  return digests;
}

}  // namespace fristad
