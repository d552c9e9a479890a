#include "crypto/age.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/try.h"
#include "crypto/age_header.h"
#include "crypto/base64.h"
#include "crypto/bech32.h"
#include "crypto/lines.h"
#include "crypto/primitives.h"

namespace fristad {
namespace {

constexpr std::size_t chunk_size = 65'536;
constexpr std::size_t file_key_size = 16;
constexpr std::size_t wrapped_size = file_key_size + aead_tag_size;
constexpr std::size_t nonce_size = 16;
constexpr std::size_t salt_size = 16;
constexpr int work_factor_most = 22;  // 4 GiB
constexpr std::string_view recipient_prefix = "age";
constexpr std::string_view identity_prefix = "age-secret-key-";
constexpr std::string_view x25519_type = "X25519";
constexpr std::string_view scrypt_type = "scrypt";
constexpr std::string_view x25519_info = "age-encryption.org/v1/X25519";
constexpr std::string_view scrypt_info = "age-encryption.org/v1/scrypt";

using FileKey = Secret<file_key_size>;

// A buffer that plain text passes through.
struct Wiped {
  explicit Wiped(std::size_t size) : bytes(size) {}
  ~Wiped() { wipe(bytes); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

  std::vector<std::uint8_t> bytes;
};

class ChunkNonce {
 public:
  // 88 bits of counter, big-endian, then whether it is the last chunk.
  AeadNonce at(bool last) const {
    AeadNonce nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[3 + i] = static_cast<std::uint8_t>(chunk_ >> (56 - 8 * i) & 0xff);
    nonce[11] = last ? 1 : 0;
    return nonce;
  }
  void next() { ++chunk_; }
  bool first() const { return chunk_ == 0; }

 private:
  std::uint64_t chunk_ = 0;
};

Error bad_payload(const char* what) {
  return {Code::damaged, std::string("the age file's payload is damaged: ") + what};
}

Digest header_mac(const FileKey& file_key, std::string_view authenticated) {
  return hmac_sha256(hkdf_sha256(file_key.bytes(), {}, "header"), authenticated);
}

// A key is used for one file key only, so its nonce is zero.
std::vector<std::uint8_t> wrap(const Key& key, const FileKey& file_key) {
  std::vector<std::uint8_t> body(wrapped_size);
  aead_seal(key, AeadNonce{}, file_key.bytes(), {}, body);
  return body;
}

std::optional<FileKey> unwrap(const Key& key, Bytes body) {
  FileKey file_key;
  if (!aead_open(key, AeadNonce{}, body, {}, file_key.bytes())) return std::nullopt;
  return file_key;
}

Key x25519_wrap_key(const Key& shared, const Point& share, const Point& recipient) {
  std::array<std::uint8_t, 64> salt{};
  std::ranges::copy(share, salt.begin());
  std::ranges::copy(recipient, salt.begin() + 32);
  return hkdf_sha256(shared.bytes(), salt, x25519_info);
}

Result<Key> scrypt_wrap_key(std::string_view passphrase, Bytes salt, int work_factor) {
  std::vector<std::uint8_t> labelled(scrypt_info.begin(), scrypt_info.end());
  labelled.insert(labelled.end(), salt.begin(), salt.end());
  return scrypt(passphrase, labelled, work_factor);
}

Result<AgeStanza> x25519_stanza(const FileKey& file_key, const AgeRecipient& recipient, const Random& random) {
  const Key ephemeral = TRY(Key::generate(random));
  const Point share = x25519_base(ephemeral);
  Key shared;
  if (!x25519(ephemeral, recipient.point, shared)) {
    return Error{Code::invalid_argument, "one of the recipients is no public key: nobody could open the file with it"};
  }
  return AgeStanza{{std::string(x25519_type), to_base64(share, Padding::refused)},
                   wrap(x25519_wrap_key(shared, share, recipient.point), file_key)};
}

// The file key, or nothing where the stanza is for another identity.
Result<std::optional<FileKey>> open_x25519(const AgeStanza& stanza, const AgeIdentity& identity) {
  const auto share = stanza.arguments.size() == 2 ? array_from_base64<32>(stanza.arguments[1], Padding::refused)
                                                  : std::optional<Point>();
  // The size of the body is checked before it is opened, so that no body can be made that opens under many keys.
  if (!share || stanza.body.size() != wrapped_size) return bad_age_header("an X25519 stanza is malformed");
  Key shared;
  if (!x25519(identity.scalar(), *share, shared)) {
    return bad_age_header("an X25519 stanza has a share that opens for everybody");
  }
  return unwrap(x25519_wrap_key(shared, *share, identity.recipient().point), stanza.body);
}

Result<std::optional<FileKey>> open_scrypt(const AgeStanza& stanza, const AgeKeys& keys) {
  const bool complete = stanza.arguments.size() == 3 && stanza.body.size() == wrapped_size;
  const auto salt = complete ? array_from_base64<salt_size>(stanza.arguments[1], Padding::refused)
                             : std::optional<std::array<std::uint8_t, salt_size>>();
  const auto work_factor = complete ? parse_decimal(stanza.arguments[2]) : std::optional<std::uint64_t>();
  if (!salt || !work_factor || *work_factor == 0) return bad_age_header("a scrypt stanza is malformed");
  if (*work_factor > static_cast<std::uint64_t>(std::clamp(keys.work_factor_max, 0, work_factor_most))) {
    return Error{Code::too_large, "the age file's header asks for a work factor of " + std::to_string(*work_factor) +
                                      ", the limit is " + std::to_string(keys.work_factor_max) +
                                      "; raise it if you trust who made the file"};
  }
  if (keys.passphrase.empty()) return std::optional<FileKey>();
  const Key key = TRY(scrypt_wrap_key(keys.passphrase, *salt, static_cast<int>(*work_factor)));
  return unwrap(key, stanza.body);
}

Result<FileKey> open_header(const AgeHeader& header, const AgeKeys& keys) {
  const auto is_scrypt = [](const AgeStanza& stanza) { return stanza.arguments.front() == scrypt_type; };
  std::optional<FileKey> file_key;
  if (std::ranges::any_of(header.stanzas, is_scrypt)) {
    // Whoever knows a passphrase takes the file to be from somebody who knows it too: no other way in.
    if (header.stanzas.size() != 1) return bad_age_header("a scrypt stanza isn't alone");
    file_key = TRY(open_scrypt(header.stanzas.front(), keys));
  }
  for (const AgeIdentity& identity : keys.identities) {
    for (const AgeStanza& stanza : header.stanzas) {
      if (file_key || stanza.arguments.front() != x25519_type) continue;
      file_key = TRY(open_x25519(stanza, identity));
    }
  }
  if (!file_key) {
    return Error{Code::permission_denied, "none of the keys opens the age file; ask who made it whom it is for"};
  }
  if (!equal_secrets(header_mac(*file_key, header.authenticated), header.mac)) {
    return bad_age_header("its authentication is wrong");
  }
  return *std::move(file_key);
}

Status write_payload(AgeInput& plain, const WriteBytes& sealed, const FileKey& file_key, const Random& random) {
  const auto nonce = TRY(random_array<nonce_size>(random));
  TRY(sealed(nonce));
  const Key key = hkdf_sha256(file_key.bytes(), nonce, "payload");
  Wiped chunk(chunk_size);
  std::vector<std::uint8_t> out(chunk_size + aead_tag_size);
  ChunkNonce nonces;
  for (bool last = false; !last;) {
    const std::size_t size = TRY(plain.read(chunk.bytes));
    last = TRY(plain.at_end());
    const auto piece = std::span(out).first(size + aead_tag_size);
    aead_seal(key, nonces.at(last), std::span(chunk.bytes).first(size), {}, piece);
    nonces.next();
    TRY(sealed(piece));
  }
  return {};
}

Status read_payload(AgeInput& sealed, const WriteBytes& plain, const FileKey& file_key) {
  std::array<std::uint8_t, nonce_size> nonce{};
  if (TRY(sealed.read(nonce)) != nonce.size()) return bad_age_header("the file ends behind it");
  const Key key = hkdf_sha256(file_key.bytes(), nonce, "payload");
  std::vector<std::uint8_t> in(chunk_size + aead_tag_size);
  Wiped chunk(chunk_size);
  ChunkNonce nonces;
  for (bool last = false; !last;) {
    const std::size_t size = TRY(sealed.read(in));
    last = TRY(sealed.at_end());
    if (size < aead_tag_size) return bad_payload("it is cut short");
    // Otherwise one plain text would have two files.
    if (size == aead_tag_size && !nonces.first()) return bad_payload("its last chunk is empty");
    const auto piece = std::span(chunk.bytes).first(size - aead_tag_size);
    const Bytes chunk_sealed = std::span(in).first(size);
    if (!aead_open(key, nonces.at(last), chunk_sealed, {}, piece)) {
      // A whole chunk can be authentic though it stands in the wrong place: the last one with something behind it, or
      // another one with nothing. As with the age tool, what is authentic comes out before the error does.
      const bool authentic = size == in.size() && aead_open(key, nonces.at(!last), chunk_sealed, {}, piece);
      if (authentic) TRY(plain(piece));
      return bad_payload(!authentic ? "a chunk was changed or moved"
                         : last     ? "it is cut short"
                                    : "something follows it");
    }
    nonces.next();
    if (!piece.empty()) TRY(plain(piece));
  }
  return {};
}

Status write_file(AgeInput& plain, const WriteBytes& sealed, const FileKey& file_key,
                  std::span<const AgeStanza> stanzas, const Random& random) {
  std::string header = encode_age_header(stanzas);
  header += " " + to_base64(header_mac(file_key, header), Padding::refused) + "\n";
  TRY(sealed(as_bytes(header)));
  return write_payload(plain, sealed, file_key, random);
}

}  // namespace

Result<AgeRecipient> AgeRecipient::parse(std::string_view text) {
  const std::vector<std::uint8_t> bytes = TRY(from_bech32(recipient_prefix, text));
  AgeRecipient recipient;
  if (bytes.size() != recipient.point.size()) {
    return Error{Code::damaged, "the recipient isn't 32 bytes; compare it with the original"};
  }
  std::ranges::copy(bytes, recipient.point.begin());
  return recipient;
}

std::string AgeRecipient::text() const {
  return to_bech32(recipient_prefix, point);
}

Result<AgeIdentity> AgeIdentity::generate(const Random& random) {
  return AgeIdentity(TRY(Key::generate(random)));
}

Result<AgeIdentity> AgeIdentity::parse(std::string_view text) {
  std::vector<std::uint8_t> bytes = TRY(from_bech32(identity_prefix, text));
  Key scalar;
  const bool right = bytes.size() == scalar.bytes().size();
  if (right) std::ranges::copy(bytes, scalar.bytes().begin());
  wipe(bytes);
  if (!right) return Error{Code::damaged, "the identity isn't 32 bytes; compare it with the original"};
  return AgeIdentity(std::move(scalar));
}

AgeRecipient AgeIdentity::recipient() const {
  return {x25519_base(scalar_)};
}

std::string AgeIdentity::text() const {
  std::string text = to_bech32(identity_prefix, scalar_.bytes());
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

Status age_encrypt(const ReadBytes& plain, const WriteBytes& sealed, std::span<const AgeRecipient> recipients,
                   const Random& random) {
  if (recipients.empty() || recipients.size() > age_recipients_max) {
    return Error{Code::invalid_argument, "a file is for 1 to 128 recipients"};
  }
  const FileKey file_key = TRY(FileKey::generate(random));
  std::vector<AgeStanza> stanzas;
  for (const AgeRecipient& recipient : recipients) {
    stanzas.push_back(TRY(x25519_stanza(file_key, recipient, random)));
  }
  AgeInput input(plain);
  return write_file(input, sealed, file_key, stanzas, random);
}

Status age_encrypt_with_passphrase(const ReadBytes& plain, const WriteBytes& sealed, std::string_view passphrase,
                                   int work_factor, const Random& random) {
  if (passphrase.empty()) return Error{Code::invalid_argument, "the passphrase is empty; choose one"};
  if (work_factor < 1 || work_factor > work_factor_most) {
    return Error{Code::invalid_argument, "a work factor is 1 to 22"};
  }
  const FileKey file_key = TRY(FileKey::generate(random));
  const auto salt = TRY(random_array<salt_size>(random));
  const Key key = TRY(scrypt_wrap_key(passphrase, salt, work_factor));
  const AgeStanza stanza{{std::string(scrypt_type), to_base64(salt, Padding::refused), std::to_string(work_factor)},
                         wrap(key, file_key)};
  AgeInput input(plain);
  return write_file(input, sealed, file_key, {&stanza, 1}, random);
}

Status age_decrypt(const ReadBytes& sealed, const WriteBytes& plain, const AgeKeys& keys) {
  AgeInput input(sealed);
  const AgeHeader header = TRY(read_age_header(input));
  const FileKey file_key = TRY(open_header(header, keys));
  return read_payload(input, plain, file_key);
}

}  // namespace fristad
