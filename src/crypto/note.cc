#include "crypto/note.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/lines.h"
#include "crypto/note_parts.h"

namespace fristad {
namespace {

constexpr std::size_t key_id_size = 4;
constexpr std::string_view line_start = "\u2014 ";
constexpr std::size_t cosignature_size = 8 + sizeof(Signature);

template <std::size_t size>
std::uint64_t big_endian(std::span<const std::uint8_t, size> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// White_Space of Unicode 15. The control characters among it are refused everywhere.
bool is_space(char32_t c) {
  return c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

Error bad_line(std::size_t number) {
  return {Code::damaged, "signature line " + std::to_string(number) +
                             " of the note isn't a dash, a key's name and its signature in base64"};
}

std::optional<NoteSignature> parse_signature(std::string_view line) {
  if (!take(line, line_start)) return std::nullopt;
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  NoteSignature signature;
  signature.name = line.substr(0, blank);
  const auto bytes = from_base64(line.substr(blank + 1));
  if (!is_note_name(signature.name) || !bytes || bytes->size() <= key_id_size) return std::nullopt;
  signature.key_id = static_cast<std::uint32_t>(big_endian(std::span(*bytes).first<key_id_size>()));
  signature.bytes.assign(bytes->begin() + key_id_size, bytes->end());
  return signature;
}

// The time that the signature carries (0 where it carries none), or nothing if it is wrong.
std::optional<std::uint64_t> verified_time(const NoteKey& key, std::string_view text, Bytes bytes) {
  std::uint64_t time = 0;
  std::string message(text);
  if (key.type == NoteKeyType::cosignature) {
    if (bytes.size() != cosignature_size) return std::nullopt;
    time = big_endian(bytes.first<8>());
    if (time >> 63 != 0) return std::nullopt;
    message = cosigned_message(text, time);
    bytes = bytes.subspan(8);
  }
  Signature signature{};
  if (bytes.size() != signature.size()) return std::nullopt;
  std::ranges::copy(bytes, signature.begin());
  if (!verify(key.key, as_bytes(message), signature)) return std::nullopt;
  return time;
}

}  // namespace

bool is_note_name(std::string_view name) {
  if (name.empty() || name.size() > note_name_size_max) return false;
  while (!name.empty()) {
    const CodePoint c = first_code_point(name);
    if (!c.valid || c.value < 0x20 || c.value == '+' || is_space(c.value)) return false;
    name.remove_prefix(c.length);
  }
  return true;
}

std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds) {
  return std::string(cosignature_start) + "time " + std::to_string(unix_seconds) + "\n" + std::string(text);
}

std::string signature_line(const NoteKey& key, Bytes signature) {
  std::vector<std::uint8_t> bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(key.id() >> shift & 0xff));
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return std::string(line_start) + key.name + " " + to_base64(bytes) + "\n";
}

std::uint32_t NoteKey::id() const {
  const std::array<std::uint8_t, 2> between{'\n', static_cast<std::uint8_t>(type)};
  const Digest digest = sha256({as_bytes(name), between, key});
  return static_cast<std::uint32_t>(big_endian(std::span(digest).first<key_id_size>()));
}

std::string note_key_text(const NoteKey& key) {
  std::array<std::uint8_t, key_id_size> id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::uint8_t>(key.id() >> (24 - 8 * i) & 0xff);
  std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(key.type)};
  bytes.insert(bytes.end(), key.key.begin(), key.key.end());
  return key.name + "+" + to_hex(id) + "+" + to_base64(bytes);
}

Result<NoteKey> parse_note_key(std::string_view text) {
  const Error mistyped{Code::damaged,
                       "the key's text is mistyped; it has to be name+id+key, as the key's owner gave it"};
  if (text.size() > note_name_size_max + 64) return Error{Code::too_large, "the key's text is longer than any key"};
  // The base64 may have more plus signs.
  const std::size_t first = text.find('+');
  const std::size_t second = text.find('+', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return mistyped;
  NoteKey key{.name = std::string(text.substr(0, first))};
  const auto bytes = from_base64(text.substr(second + 1));
  if (!is_note_name(key.name) || !bytes || bytes->empty()) return mistyped;
  key.type = NoteKeyType{bytes->front()};
  if (key.type != NoteKeyType::ed25519 && key.type != NoteKeyType::cosignature) {
    return Error{Code::unsupported, "a note key of type " + std::to_string(bytes->front()) +
                                        "; this version knows 1 (Ed25519) and 4 (Ed25519 cosignature)"};
  }
  if (bytes->size() != 1 + key.key.size()) return mistyped;
  std::copy(bytes->begin() + 1, bytes->end(), key.key.begin());
  if (note_key_text(key) != text) return mistyped;
  return key;
}

Result<Note> parse_note(std::string_view note) {
  if (note.size() > note_size_max) {
    return Error{Code::too_large, "the note has more than " + std::to_string(note_size_max) + " bytes"};
  }
  if (!is_utf8(note)) return Error{Code::damaged, "the note isn't UTF-8"};
  if (has_control_characters(note)) {
    return Error{Code::damaged, "the note has control characters; lines end with a line feed alone"};
  }
  if (!note.ends_with('\n')) return Error{Code::damaged, "the note doesn't end with a line feed: it is cut short"};
  // The text may have blank lines; the signatures may not.
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return Error{Code::damaged, "the note has no blank line before its signatures"};
  Note parsed{std::string(note.substr(0, blank + 1)), {}};
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty()) return Error{Code::damaged, "the note has no signatures"};
  while (const auto line = take_line(rest)) {
    if (parsed.signatures.size() == note_signatures_max) {
      return Error{Code::too_large, "the note has more than " + std::to_string(note_signatures_max) + " signatures"};
    }
    std::optional<NoteSignature> signature = parse_signature(*line);
    if (!signature) return bad_line(parsed.signatures.size() + 1);
    parsed.signatures.push_back(*std::move(signature));
  }
  return parsed;
}

Result<std::string> sign_note(std::string_view text, std::span<const NoteSigner> signers) {
  if (signers.empty()) return Error{Code::invalid_argument, "a note needs a signer"};
  if (signers.size() > note_signatures_max || text.size() > note_size_max) {
    return Error{Code::too_large, "a note has at most 65536 bytes and 32 signatures"};
  }
  if (!text.ends_with('\n') || has_control_characters(text) || !is_utf8(text)) {
    return Error{Code::invalid_argument, "a note's text is UTF-8 without control characters and ends with a line feed"};
  }
  // Signed as a text it would pass for a cosignature by the same key.
  if (text.starts_with(cosignature_start)) {
    return Error{Code::invalid_argument, "a note's text doesn't begin like a cosignature"};
  }
  std::string note = std::string(text) + "\n";
  for (const NoteSigner& signer : signers) {
    if (!is_note_name(signer.name)) return bad_note_name();
    const NoteKey key{std::string(signer.name), NoteKeyType::ed25519, signer.key.public_key()};
    note += signature_line(key, signer.key.sign(as_bytes(text)));
  }
  if (note.size() > note_size_max) return Error{Code::too_large, "a note has at most 65536 bytes and 32 signatures"};
  return note;
}

Error bad_note_name() {
  return {Code::invalid_argument,
          "the name of a note's key is 1 to 255 bytes without blanks, plus signs or control "
          "characters, such as example.org/log"};
}

bool VerifiedNote::signed_by(std::size_t key) const {
  return std::ranges::any_of(signatures, [&](const VerifiedSignature& signature) { return signature.key == key; });
}

Result<VerifiedNote> verify_note(std::string_view note, std::span<const NoteKey> keys) {
  std::vector<std::pair<std::uint32_t, std::string_view>> known;
  for (const NoteKey& key : keys) {
    const std::pair<std::uint32_t, std::string_view> entry{key.id(), key.name};
    if (std::ranges::find(known, entry) != known.end()) {
      return Error{Code::invalid_argument, "two of the trusted keys have the same name and id; remove one"};
    }
    known.push_back(entry);
  }
  Note parsed = TRY(parse_note(note));
  std::vector<std::optional<std::uint64_t>> times(keys.size());
  for (std::size_t i = 0; i < parsed.signatures.size(); ++i) {
    const NoteSignature& signature = parsed.signatures[i];
    const auto found = std::ranges::find(known, std::pair(signature.key_id, std::string_view(signature.name)));
    if (found == known.end()) continue;
    const auto key = static_cast<std::size_t>(found - known.begin());
    const auto time = verified_time(keys[key], parsed.text, signature.bytes);
    if (!time) {
      return Error{Code::damaged, "signature " + std::to_string(i + 1) +
                                      " of the note is wrong though its key is trusted: the text or the signature was "
                                      "changed, or somebody else made it; keep the note as evidence"};
    }
    times[key] = std::max(times[key].value_or(0), *time);
  }
  VerifiedNote verified{std::move(parsed.text), {}};
  for (std::size_t key = 0; key < keys.size(); ++key) {
    if (times[key]) verified.signatures.push_back({key, *times[key]});
  }
  if (verified.signatures.empty()) {
    return Error{Code::permission_denied, "no trusted key has signed the note"};
  }
  return verified;
}

}  // namespace fristad
