// Any bytes as each of the signed texts: no crash, and whatever is accepted is exactly what would be written for it.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/note.h"
#include "crypto/statement.h"
#include "crypto/tiles.h"

namespace {

using namespace fristad;

void require(bool truth) {
  if (!truth) std::abort();
}

SigningKey key_of(std::uint8_t number) {
  Key seed;
  seed.bytes()[0] = number;
  return SigningKey::from_seed(seed);
}

void read_note(std::string_view text) {
  static const SigningKey log_key = key_of(1);
  static const SigningKey witness_key = key_of(2);
  static const NoteKey log{"example.org/se/log", NoteKeyType::ed25519, log_key.public_key()};
  static const std::vector<NoteKey> witnesses{
      {"example.org/dk/witness", NoteKeyType::cosignature, witness_key.public_key()}};
  if (const auto note = parse_note(text)) {
    require(text.starts_with(note->text + "\n"));
    require(!note->signatures.empty() && note->signatures.size() <= note_signatures_max);
    require(std::ranges::count(text, '\n') ==
            std::ranges::count(note->text, '\n') + 1 + static_cast<std::ptrdiff_t>(note->signatures.size()));
  }
  if (const auto verified = verify_checkpoint(text, log, witnesses)) {
    require(text.starts_with(encode_checkpoint(verified->checkpoint).value()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_note(text);
  if (const auto checkpoint = parse_checkpoint(text)) require(encode_checkpoint(*checkpoint).value() == text);
  if (const auto key = parse_note_key(text)) require(note_key_text(*key) == text);
  if (const auto proof = parse_log_proof(text)) {
    require(encode_log_proof(*proof).value() == text);
    read_note(proof->checkpoint);
  }
  if (const auto place = parse_tile_path(text)) require(tile_path(*place) == text);
  if (const auto place = parse_entries_path(text)) require(entries_path(place->n, place->width) == text);
  static const SigningKey root = key_of(3);
  if (const auto statement = verify_statement(text, root.public_key())) {
    require(sign_statement(*statement, root).value() == text);
  }
  return 0;
}
