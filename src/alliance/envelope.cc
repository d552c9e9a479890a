#include "alliance/envelope.h"

#include <optional>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/lines.h"

namespace fristad {
namespace {

constexpr std::string_view payload_start = "{\"payload\":\"";
constexpr std::string_view type_start = "\",\"payloadType\":\"";
constexpr std::string_view key_id_start = "\",\"signatures\":[{\"keyid\":\"";
constexpr std::string_view signature_start = "\",\"sig\":\"";
constexpr std::string_view letter_end = "\"}]}";

Error malformed() {
  return {Code::damaged, "the letter isn't in the form in which nodes write them; get it anew"};
}

std::optional<std::string_view> take_field(std::string_view& text, std::string_view start) {
  if (!take(text, start)) return std::nullopt;
  const std::size_t size = text.find('"');
  if (size == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, size);
  text.remove_prefix(size);
  return field;
}

}  // namespace

Letter signed_letter(std::string_view type, const Json& payload, const PublicKey& key, const Signer& sign) {
  Letter letter{.payload = canonical(payload), .key = key};
  letter.signature = sign(as_bytes(pae(type, as_bytes(letter.payload))));
  return letter;
}

bool is_signed(std::string_view type, std::string_view payload, const PublicKey& key, const Signature& signature) {
  return verify(key, as_bytes(pae(type, as_bytes(payload))), signature);
}

std::string letter_text(std::string_view type, const Letter& letter) {
  std::string text(payload_start);
  text += to_base64(as_bytes(letter.payload));
  text += type_start;
  text += type;
  text += key_id_start;
  text += to_hex(Bytes(sha256(letter.key)).first(8));
  text += signature_start;
  text += to_base64(letter.signature);
  return text += letter_end;
}

Result<UnprovedLetter> open_letter(std::string_view type, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return Error{Code::too_large, "the letter has over " + std::to_string(bytes_max) + " bytes"};
  }
  const auto payload_text = take_field(text, payload_start);
  const auto found_type = take_field(text, type_start);
  const auto key_id = take_field(text, key_id_start);
  const auto signature_text = take_field(text, signature_start);
  if (!payload_text || !found_type || !key_id || !signature_text || text != letter_end || *found_type != type) {
    return malformed();
  }
  const auto payload = from_base64(*payload_text);
  const auto signature = array_from_base64<64>(*signature_text);
  if (!payload || !signature) return malformed();
  UnprovedLetter letter{.payload_text = std::string(as_text(*payload)), .signature = *signature};
  letter.payload = TRY(parse_canonical(letter.payload_text, {.bytes_max = bytes_max, .depth_max = 8}));
  return letter;
}

Status prove_letter(std::string_view type, std::string_view text, const UnprovedLetter& letter, const PublicKey& key) {
  if (!is_signed(type, letter.payload_text, key, letter.signature)) {
    return Error{Code::permission_denied, "the letter isn't signed by the record key of the member that it names"};
  }
  if (letter_text(type, {letter.payload_text, key, letter.signature}) != text) return malformed();
  return {};
}

}  // namespace fristad
