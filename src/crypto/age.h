#pragma once

// Files that only the holders of certain keys can read, in the age format, version 1 (c2sp.org/age): the `age` tool
// opens them when nothing of Fristad is left.
//
//   auto identity = fristad::AgeIdentity::generate(random);              // stays offline
//   std::vector<fristad::AgeRecipient> recipients{identity->recipient()};
//   fristad::Status sealed = fristad::age_encrypt(read_backup, write_file, recipients, random);
//   fristad::Status opened = fristad::age_decrypt(read_file, write_backup, {.identities = {&*identity, 1}});
//
// Known are X25519 keys and passphrases (scrypt). Stanzas for other kinds of keys, such as the hybrid ones, are passed
// over. Memory: three chunks of 64 KiB, the header (at most 64 KiB), and for a passphrase 2^(work factor + 10) bytes.
//
// Thread-safety: pure functions. Complexity: about 1 ns a byte; 0.1 ms for each recipient and each stanza tried.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::size_t age_recipients_max = 128;
inline constexpr std::size_t age_header_size_max = 65'536;

// Where bytes go, one piece after the other.
using WriteBytes = std::function<Status(Bytes)>;

// Whom a file is for: a public key.
struct AgeRecipient {
  std::array<std::uint8_t, 32> point{};

  // "age1..." Errors: those of from_bech32().
  static Result<AgeRecipient> parse(std::string_view text);
  std::string text() const;

  friend bool operator==(const AgeRecipient&, const AgeRecipient&) = default;
};

// What opens the files for one recipient.
class AgeIdentity {
 public:
  // Errors: those of `random`.
  static Result<AgeIdentity> generate(const Random& random);
  // "AGE-SECRET-KEY-1..." Errors: those of from_bech32(); the message doesn't show the text.
  static Result<AgeIdentity> parse(std::string_view text);

  AgeRecipient recipient() const;
  // As parse() reads it: a secret, for the caller to wipe().
  std::string text() const;
  const Key& scalar() const { return scalar_; }

 private:
  explicit AgeIdentity(Key scalar) : scalar_(std::move(scalar)) {}

  Key scalar_;
};

// Reads to the end and writes the file piece by piece. Errors: invalid_argument (no recipient, more than 128, or one
// that is no key), those of `plain`, `sealed` and `random`. After an error what was written is no file.
Status age_encrypt(const ReadBytes& plain, const WriteBytes& sealed, std::span<const AgeRecipient> recipients,
                   const Random& random);

// What the age tool uses: 256 MiB and about a second.
inline constexpr int age_work_factor = 18;

// The same for whoever knows the passphrase. Errors: invalid_argument (an empty passphrase, a work factor outside 1 to
// 22), unavailable (memory), those of `plain`, `sealed` and `random`.
Status age_encrypt_with_passphrase(const ReadBytes& plain, const WriteBytes& sealed, std::string_view passphrase,
                                   int work_factor, const Random& random);

struct AgeKeys {
  std::span<const AgeIdentity> identities = {};
  std::string_view passphrase = {};  // empty: none
  // Files that ask for more are refused: each step doubles time and memory, and the file says how many.
  int work_factor_max = age_work_factor;
};

// Writes only what is authenticated, piece by piece, so after an error what was written is a true beginning of the
// file; it may be all of it but for something that was appended. Errors: permission_denied (none of the keys opens it),
// damaged, unsupported (another version), too_large (header, work factor), unavailable (memory), and those of `sealed`
// and `plain`.
Status age_decrypt(const ReadBytes& sealed, const WriteBytes& plain, const AgeKeys& keys);

// The bytes of a file that was written as text ("-----BEGIN AGE ENCRYPTED FILE-----", RFC 7468 in its strict form).
// Around it there may be blanks and nothing else. Errors: damaged, and those of `armored`.
ReadBytes age_dearmored(ReadBytes armored);

}  // namespace fristad
