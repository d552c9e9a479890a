#include "match/seal.h"

#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "base/try.h"
#include "match/files.h"
#include "match/parallel.h"

namespace fristad {
namespace {

constexpr std::uint32_t seal_version = 1;
constexpr std::size_t chunk_size = std::size_t{1} << 20;
constexpr std::size_t tag_size = crypto_aead_chacha20poly1305_ietf_ABYTES;

struct SealHeader {
  std::array<char, 8> magic{'F', 'R', 'I', 'S', 'T', 'S', 'L', 'D'};
  std::uint32_t version = seal_version;
  std::uint32_t chunk_bytes = chunk_size;
  std::uint64_t content_bytes = 0;
  std::array<std::uint8_t, 32> file_nonce{};
  // A hash of the file's key: tells a wrong key from a damaged file, and keeps one file from opening under two keys.
  std::array<std::uint8_t, 32> key_check{};
};
static_assert(sizeof(SealHeader) == seal_header_size);

using FileKey = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_KEYBYTES>;

std::array<std::uint8_t, 32> derive(const SealKey& key, const SealHeader& header, std::string_view purpose) {
  std::vector<std::uint8_t> input(purpose.begin(), purpose.end());
  input.insert(input.end(), header.file_nonce.begin(), header.file_nonce.end());
  std::array<std::uint8_t, 32> derived{};
  crypto_generichash(derived.data(), derived.size(), input.data(), input.size(), key.data(), key.size());
  return derived;
}

FileKey file_key(const SealKey& key, const SealHeader& header) {
  return derive(key, header, "fristad seal 1 key");
}

std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce_of(std::uint64_t chunk, bool last) {
  std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};
  std::memcpy(nonce.data(), &chunk, sizeof chunk);
  nonce.back() = last ? 1 : 0;
  return nonce;
}

std::size_t chunks_of(std::uint64_t content_bytes) {
  return static_cast<std::size_t>((content_bytes + chunk_size - 1) / chunk_size);
}

Error damaged(const std::string& what) {
  return {Code::damaged, "the sealed file is damaged: " + what + "; restore it or build it anew"};
}

}  // namespace

bool is_sealed(std::span<const std::uint8_t> bytes) {
  const SealHeader expected;
  return bytes.size() >= expected.magic.size() &&
         std::memcmp(bytes.data(), expected.magic.data(), expected.magic.size()) == 0;
}

std::uint64_t sealed_size(std::uint64_t content_bytes) {
  return sizeof(SealHeader) + content_bytes + chunks_of(content_bytes) * tag_size;
}

std::optional<SealId> seal_id(std::span<const std::uint8_t> sealed, const SealKey& key) {
  SealHeader header;
  if (sealed.size() < sizeof header || !is_sealed(sealed) || sodium_init() < 0) return std::nullopt;
  std::memcpy(&header, sealed.data(), sizeof header);
  if (derive(key, header, "fristad seal 1 check") != header.key_check) return std::nullopt;
  return header.file_nonce;
}

Result<SealId> write_sealed(int file, std::span<const std::uint8_t> content, const SealKey& key) {
  if (sodium_init() < 0) return Error{Code::internal, "the cryptographic library doesn't start"};
  SealHeader header;
  header.content_bytes = content.size();
  randombytes_buf(header.file_nonce.data(), header.file_nonce.size());
  header.key_check = derive(key, header, "fristad seal 1 check");
  FileKey secret = file_key(key, header);
  const auto* const header_bytes = reinterpret_cast<const std::uint8_t*>(&header);
  TRY(write_all(file, {header_bytes, sizeof header}));

  std::vector<std::uint8_t> sealed(chunk_size + tag_size);
  const std::size_t chunks = chunks_of(content.size());
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const auto plain = content.subspan(chunk * chunk_size, std::min(chunk_size, content.size() - chunk * chunk_size));
    const auto nonce = nonce_of(chunk, chunk + 1 == chunks);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plain.data(), plain.size(), header_bytes,
                                              sizeof header, nullptr, nonce.data(), secret.data());
    TRY(write_all(file, std::span(sealed).first(plain.size() + tag_size)));
  }
  sodium_memzero(secret.data(), secret.size());
  return header.file_nonce;
}

Result<Memory> open_sealed(std::span<const std::uint8_t> sealed, const SealKey& key, int threads) {
  if (sodium_init() < 0) return Error{Code::internal, "the cryptographic library doesn't start"};
  SealHeader header;
  if (sealed.size() < sizeof header) return damaged("it ends within its header");
  std::memcpy(&header, sealed.data(), sizeof header);
  if (header.version != seal_version || header.chunk_bytes != chunk_size) {
    return Error{Code::unsupported, "the file is sealed in version " + std::to_string(header.version) +
                                        ", this program opens version " + std::to_string(seal_version)};
  }
  if (derive(key, header, "fristad seal 1 check") != header.key_check) {
    return Error{Code::permission_denied, "the key doesn't open this sealed file; use the one it was sealed with"};
  }
  const std::size_t chunks = chunks_of(header.content_bytes);
  // The first comparison keeps the sum from overflowing.
  if (header.content_bytes > sealed.size() || sealed_size(header.content_bytes) != sealed.size()) {
    return damaged("it has " + std::to_string(sealed.size()) + " bytes, which is not what its header says");
  }

  Memory content = TRY(Memory::anonymous(header.content_bytes));
  FileKey secret = file_key(key, header);
  std::atomic<bool> good{true};
  parallel_for(chunks, threads, [&](std::size_t chunk) {
    const auto plain = content.bytes().subspan(chunk * chunk_size);
    const std::size_t plain_size = std::min(chunk_size, plain.size());
    const auto* const from = sealed.data() + sizeof header + chunk * (chunk_size + tag_size);
    const auto nonce = nonce_of(chunk, chunk + 1 == chunks);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, from, plain_size + tag_size,
                                                  reinterpret_cast<const std::uint8_t*>(&header), sizeof header,
                                                  nonce.data(), secret.data()) != 0) {
      good = false;
    }
  });
  sodium_memzero(secret.data(), secret.size());
  if (!good) return damaged("a chunk fails its authentication");
  return content;
}

}  // namespace fristad
