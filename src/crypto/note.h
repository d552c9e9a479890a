#pragma once

// Signed texts of logs: notes (c2sp.org/signed-note), checkpoints (c2sp.org/tlog-checkpoint) with their cosignatures
// (c2sp.org/tlog-cosignature), and proofs in a file (c2sp.org/tlog-proof). So other people's tools can check our logs.
//
//   std::string body = encode_checkpoint({"example.org/se/log", log.size(), log.root()}).value();
//   std::string note = sign_note(body, {{"example.org/se/log", log_key}}).value();
//   note += cosign(body, "example.org/dk/witness", witness_key, unix_seconds).value();
//   auto signed_by = verify_checkpoint(note, log_note_key, witness_note_keys);
//
// All texts come from foreigners: their sizes and numbers of lines are limited, and whatever isn't exactly as the
// specifications write it is refused. docs/format/checkpoint.md shows them.
//
// Thread-safety: pure functions. Complexity: one pass, and one check (55 us) for each signature by a known key.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "crypto/sign.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::size_t note_size_max = 65'536;
inline constexpr std::size_t note_signatures_max = 32;
inline constexpr std::size_t note_name_size_max = 255;

// What a signature is over.
enum class NoteKeyType : std::uint8_t {
  ed25519 = 1,      // the text
  cosignature = 4,  // the text, and the time at which it was seen
};

struct NoteKey {
  std::string name;
  NoteKeyType type = NoteKeyType::ed25519;
  PublicKey key{};

  // The start of a hash of all three: finds the key, and proves nothing.
  std::uint32_t id() const;
  friend bool operator==(const NoteKey&, const NoteKey&) = default;
};

// "name+id in hex+type and key in base64", which the specifications call a vkey.
std::string note_key_text(const NoteKey& key);
// Errors: damaged (mistyped: the id doesn't fit), unsupported (another type of key), too_large.
Result<NoteKey> parse_note_key(std::string_view text);

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  std::vector<std::uint8_t> bytes;
};

// What a note says it is; nothing is proved yet.
struct Note {
  std::string text;  // with its last line feed
  std::vector<NoteSignature> signatures;
};

// Errors: damaged (names the line), too_large (over 64 KiB or 32 signatures).
Result<Note> parse_note(std::string_view note);

struct NoteSigner {
  std::string_view name;
  const SigningKey& key;
};

// The text, a blank line and a line for each signer. Errors: invalid_argument (no signer, a name with a blank or plus
// sign, a text that doesn't end with a line feed, has control characters, isn't UTF-8 or begins like a cosignature),
// too_large.
Result<std::string> sign_note(std::string_view text, std::span<const NoteSigner> signers);
inline Result<std::string> sign_note(std::string_view text, std::initializer_list<NoteSigner> signers) {
  return sign_note(text, std::span(signers.begin(), signers.size()));
}

struct VerifiedSignature {
  std::size_t key = 0;     // which of the keys that were handed in
  std::uint64_t time = 0;  // of a cosignature, in seconds since 1970; the newest where one key has several

  friend bool operator==(const VerifiedSignature&, const VerifiedSignature&) = default;
};

struct VerifiedNote {
  std::string text;
  std::vector<VerifiedSignature> signatures;  // at most one a key, in the order of the keys

  bool signed_by(std::size_t key) const;
};

// Signatures by unknown keys are passed over. Errors: those of parse_note(), damaged (a signature by a known key is
// wrong), permission_denied (no known key has signed), invalid_argument (two of the keys have the same name and id).
Result<VerifiedNote> verify_note(std::string_view note, std::span<const NoteKey> keys);

// How large a log is, and which.
struct Checkpoint {
  std::string origin;  // the log's name, such as "example.org/se/log"
  std::uint64_t size = 0;
  Digest root{};

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// Three lines: the text of a note. Errors: invalid_argument (an origin that is no name of a key, or no leaves and
// another root than empty_root()), too_large.
Result<std::string> encode_checkpoint(const Checkpoint& checkpoint);
// Errors: damaged, unsupported (lines after the third: nobody could audit them).
Result<Checkpoint> parse_checkpoint(std::string_view text);

// The line that a witness adds to a signed checkpoint, line feed included: at this time the witness knew no larger
// tree of this log, and the ones it knew were consistent with it. `text` is the checkpoint without signatures.
// Errors: as parse_checkpoint(), invalid_argument (name, or a time of 2^63 or more).
Result<std::string> cosign(std::string_view text, std::string_view name, const SigningKey& key,
                           std::uint64_t unix_seconds);

struct Cosignature {
  std::size_t witness = 0;  // which of the witnesses that were handed in
  std::uint64_t time = 0;   // seconds since 1970
};

struct VerifiedCheckpoint {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;
};

// A checkpoint that `log` has signed, whose name is its origin; and who has cosigned it. How many have to is for the
// caller to say. Errors: those of verify_note() and parse_checkpoint(), permission_denied (signed by others, not by the
// log).
Result<VerifiedCheckpoint> verify_checkpoint(std::string_view note, const NoteKey& log,
                                             std::span<const NoteKey> witnesses);

// That one leaf is in a log, for somebody who has nothing but the keys: the text of a .tlog-proof file.
struct LogProof {
  std::uint64_t index = 0;
  std::vector<Digest> hashes;         // from inclusion_proof()
  std::string checkpoint;             // a signed note
  std::vector<std::uint8_t> extra{};  // for the reader of the proof; authenticated by nothing

  friend bool operator==(const LogProof&, const LogProof&) = default;
};

// Errors: invalid_argument (not a note), too_large (more than 63 hashes, or over 64 KiB with the note).
Result<std::string> encode_log_proof(const LogProof& proof);
// Errors: damaged, too_large.
Result<LogProof> parse_log_proof(std::string_view text);

// The checkpoint of a log that holds this leaf at proof.index. Errors: those of verify_checkpoint() and
// verify_inclusion().
Result<VerifiedCheckpoint> verify_log_proof(const LogProof& proof, const Digest& leaf, const NoteKey& log,
                                            std::span<const NoteKey> witnesses);

}  // namespace fristad
