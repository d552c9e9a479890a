#pragma once

// What a member's root key says about its other keys: from now on this key signs for this purpose. Written on paper
// and read by programs, so it is one line of text of one possible form.
//
//   auto text = fristad::sign_statement({"se", fristad::KeyPurpose::log, key, 0, now_ms}, root);
//   auto statement = fristad::verify_statement(*text, root_public_key);      // the same again, or an error
//
// The form is a DSSE envelope (github.com/secure-systems-lab/dsse, version 1) around canonical JSON (RFC 8785).
// docs/format/checkpoint.md shows one. Whether a statement is the newest, and whether its log has grown as far as it
// says, is for its reader to see.
//
// Thread-safety: pure functions. Complexity: one signature, or one check (55 us).

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/sign.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::string_view key_statement_type = "application/vnd.fristad.key-statement.v1+json";
inline constexpr std::size_t key_statement_size_max = 4096;

enum class KeyPurpose {
  log,      // signs the checkpoints of the member's log
  record,   // signs records
  tls,      // is the key of the node's certificate
  witness,  // cosigns the checkpoints of others
};

// "log", "record", "tls", "witness".
const char* to_string(KeyPurpose purpose);

struct KeyStatement {
  std::string
      member;  // its code: 1 to 63 of a-z, 0-9, '-' and '.', beginning with a letter, such as "se" or "no.kripos"
  KeyPurpose purpose = KeyPurpose::log;
  PublicKey key{};
  // From which size of the member's log on: order comes from the log, never from a clock.
  std::uint64_t valid_from = 0;
  std::uint64_t issued_at_ms = 0;  // since 1970; to inform people

  friend bool operator==(const KeyStatement&, const KeyStatement&) = default;
};

// One line without its line feed. Errors: invalid_argument (member code; a number of 2^53 or more, which JSON can't
// hold).
Result<std::string> sign_statement(const KeyStatement& statement, const SigningKey& root);

// Errors: damaged (not exactly what sign_statement() writes), permission_denied (another root has signed it, or
// nobody), too_large (over 4 KiB).
Result<KeyStatement> verify_statement(std::string_view text, const PublicKey& root);

}  // namespace fristad
