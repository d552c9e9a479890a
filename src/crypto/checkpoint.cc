#include <utility>

#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/lines.h"
#include "crypto/note.h"
#include "crypto/note_parts.h"

namespace fristad {
namespace {

constexpr std::string_view proof_start = "c2sp.org/tlog-proof@v1\n";
// The note, 63 lines of hashes, and as much beside it.
constexpr std::size_t proof_size_max = 2 * note_size_max;
constexpr std::size_t extra_size_max = 32'768;

Error damaged_checkpoint(const char* what) {
  return {Code::damaged, std::string("the checkpoint is malformed: ") + what};
}

Error damaged_proof(const char* what) {
  return {Code::damaged, std::string("the proof is malformed: ") + what};
}

}  // namespace

Result<std::string> encode_checkpoint(const Checkpoint& checkpoint) {
  if (!is_note_name(checkpoint.origin)) return bad_note_name();
  if (checkpoint.size >= tree_size_max) return Error{Code::too_large, "a log has fewer than 2^63 leaves"};
  if (checkpoint.size == 0 && checkpoint.root != empty_root()) {
    return Error{Code::invalid_argument, "a log without leaves has another root"};
  }
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + to_base64(checkpoint.root) + "\n";
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = take_line(text);
  const auto size_line = take_line(text);
  const auto root_line = take_line(text);
  if (!origin || !size_line || !root_line) return damaged_checkpoint("it has fewer than three lines");
  if (!is_note_name(*origin)) return damaged_checkpoint("its origin is no name of a log");
  const auto size = parse_decimal(*size_line);
  if (!size) return damaged_checkpoint("its size is no decimal number below 2^63 without leading zeros");
  const auto root = array_from_base64<32>(*root_line);
  if (!root) return damaged_checkpoint("its root isn't 32 bytes in base64");
  if (*size == 0 && *root != empty_root()) return damaged_checkpoint("no leaves, but another root than theirs");
  if (!text.empty()) {
    return Error{Code::unsupported, "the checkpoint has lines after its root, which this version doesn't accept"};
  }
  return Checkpoint{std::string(*origin), *size, *root};
}

Result<std::string> cosign(std::string_view text, std::string_view name, const SigningKey& key,
                           std::uint64_t unix_seconds) {
  if (!is_note_name(name)) return bad_note_name();
  if (unix_seconds >> 63 != 0) return Error{Code::invalid_argument, "a time of 2^63 seconds or more"};
  // A witness signs checkpoints, never what somebody handed it.
  TRY(parse_checkpoint(text));
  std::vector<std::uint8_t> bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(unix_seconds >> shift & 0xff));
  const Signature signature = key.sign(as_bytes(cosigned_message(text, unix_seconds)));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return signature_line({std::string(name), NoteKeyType::cosignature, key.public_key()}, bytes);
}

Result<VerifiedCheckpoint> verify_checkpoint(std::string_view note, const NoteKey& log,
                                             std::span<const NoteKey> witnesses) {
  std::vector<NoteKey> keys{log};
  keys.insert(keys.end(), witnesses.begin(), witnesses.end());
  const VerifiedNote verified = TRY(verify_note(note, keys));
  if (!verified.signed_by(0)) {
    return Error{Code::permission_denied, "the log itself hasn't signed the checkpoint, only witnesses have"};
  }
  VerifiedCheckpoint result{TRY(parse_checkpoint(verified.text)), {}};
  if (result.checkpoint.origin != log.name) {
    return Error{Code::permission_denied, "the checkpoint is signed by the log's key, but names another log as origin"};
  }
  for (const VerifiedSignature& signature : verified.signatures) {
    if (signature.key > 0) result.cosignatures.push_back({signature.key - 1, signature.time});
  }
  return result;
}

Result<std::string> encode_log_proof(const LogProof& proof) {
  if (proof.hashes.size() > proof_hashes_max) return Error{Code::too_large, "a proof has at most 63 hashes"};
  if (proof.extra.size() > extra_size_max) return Error{Code::too_large, "a proof has at most 32768 extra bytes"};
  if (proof.index >= tree_size_max) return Error{Code::too_large, "a log has fewer than 2^63 leaves"};
  if (Result<Note> note = parse_note(proof.checkpoint); !note) {
    return Error{Code::invalid_argument, "the proof's checkpoint: " + note.error().message};
  }
  std::string text(proof_start);
  if (!proof.extra.empty()) text += "extra " + to_base64(proof.extra) + "\n";
  text += "index " + std::to_string(proof.index) + "\n";
  for (const Digest& hash : proof.hashes) text += to_base64(hash) + "\n";
  return text + "\n" + proof.checkpoint;
}

Result<LogProof> parse_log_proof(std::string_view text) {
  if (text.size() > proof_size_max) {
    return Error{Code::too_large, "the proof has more than " + std::to_string(proof_size_max) + " bytes"};
  }
  LogProof proof;
  if (!take(text, proof_start)) return damaged_proof("it has to begin with c2sp.org/tlog-proof@v1");
  auto line = take_line(text);
  if (line && take(*line, "extra ")) {
    auto extra = from_base64(*line);
    if (!extra || extra->empty()) return damaged_proof("its extra data aren't base64");
    if (extra->size() > extra_size_max) return Error{Code::too_large, "a proof has at most 32768 extra bytes"};
    proof.extra = *std::move(extra);
    line = take_line(text);
  }
  if (!line || !take(*line, "index ")) return damaged_proof("it has no index");
  const auto index = parse_decimal(*line);
  if (!index) return damaged_proof("its index is no decimal number below 2^63 without leading zeros");
  proof.index = *index;
  for (line = take_line(text); line && !line->empty(); line = take_line(text)) {
    if (proof.hashes.size() == proof_hashes_max) return Error{Code::too_large, "a proof has at most 63 hashes"};
    const auto hash = array_from_base64<32>(*line);
    if (!hash) return damaged_proof("a hash isn't 32 bytes in base64");
    proof.hashes.push_back(*hash);
  }
  if (!line) return damaged_proof("it has no blank line before its checkpoint");
  TRY(parse_note(text));
  proof.checkpoint = text;
  return proof;
}

Result<VerifiedCheckpoint> verify_log_proof(const LogProof& proof, const Digest& leaf, const NoteKey& log,
                                            std::span<const NoteKey> witnesses) {
  VerifiedCheckpoint verified = TRY(verify_checkpoint(proof.checkpoint, log, witnesses));
  TRY(verify_inclusion(proof.index, verified.checkpoint.size, leaf, proof.hashes, verified.checkpoint.root));
  return verified;
}

}  // namespace fristad
