#include "crypto/statement.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/lines.h"

namespace fristad {
namespace {

constexpr std::size_t member_size_max = 63;
constexpr std::uint64_t number_max = (std::uint64_t{1} << 53) - 1;
constexpr std::array all_purposes{KeyPurpose::log, KeyPurpose::record, KeyPurpose::tls, KeyPurpose::witness};

bool is_member_code(std::string_view code) {
  return !code.empty() && code.size() <= member_size_max && code.front() >= 'a' && code.front() <= 'z' &&
         std::ranges::all_of(
             code, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

// Nothing in it needs escaping, so putting the fields in the order of their names makes it canonical.
std::string encode_payload(const KeyStatement& statement) {
  return "{\"issued_at\":" + std::to_string(statement.issued_at_ms) + ",\"key\":\"" + to_base64(statement.key) +
         "\",\"member\":\"" + statement.member + "\",\"purpose\":\"" + to_string(statement.purpose) +
         "\",\"valid_from\":" + std::to_string(statement.valid_from) + "}";
}

std::string encode_envelope(std::string_view payload, const PublicKey& root, const Signature& signature) {
  std::string text = "{\"payload\":\"" + to_base64(as_bytes(payload)) + "\",\"payloadType\":\"";
  text += key_statement_type;
  text += "\",\"signatures\":[{\"keyid\":\"";
  text += to_hex(Bytes(sha256(root)).first(8));
  return text + "\",\"sig\":\"" + to_base64(signature) + "\"}]}";
}

// Takes `start` and everything up to the next `end`, which it leaves.
std::optional<std::string_view> take_field(std::string_view& text, std::string_view start, char end) {
  if (!take(text, start)) return std::nullopt;
  const std::size_t size = text.find(end);
  if (size == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, size);
  text.remove_prefix(size);
  return field;
}

std::optional<KeyStatement> parse_payload(std::string_view text) {
  const std::string_view whole = text;
  const auto issued_at = take_field(text, "{\"issued_at\":", ',');
  const auto key = take_field(text, ",\"key\":\"", '"');
  const auto member = take_field(text, "\",\"member\":\"", '"');
  const auto purpose = take_field(text, "\",\"purpose\":\"", '"');
  const auto valid_from = take_field(text, "\",\"valid_from\":", '}');
  if (!issued_at || !key || !member || !purpose || !valid_from || !is_member_code(*member)) return std::nullopt;
  const auto issued_at_ms = parse_decimal(*issued_at);
  const auto valid_from_size = parse_decimal(*valid_from);
  const auto key_bytes = array_from_base64<32>(*key);
  const auto* const found =
      std::ranges::find_if(all_purposes, [&](KeyPurpose candidate) { return *purpose == to_string(candidate); });
  if (!issued_at_ms || !valid_from_size || !key_bytes || found == all_purposes.end()) return std::nullopt;
  if (*issued_at_ms > number_max || *valid_from_size > number_max) return std::nullopt;
  KeyStatement statement{std::string(*member), *found, *key_bytes, *valid_from_size, *issued_at_ms};
  if (encode_payload(statement) != whole) return std::nullopt;
  return statement;
}

Error malformed() {
  return {Code::damaged,
          "the key statement isn't in the form in which root keys sign them; get it anew from the member"};
}

}  // namespace

const char* to_string(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::log: return "log";
    case KeyPurpose::record: return "record";
    case KeyPurpose::tls: return "tls";
    case KeyPurpose::witness: return "witness";
  }
  return "";
}

Result<std::string> sign_statement(const KeyStatement& statement, const SigningKey& root) {
  if (!is_member_code(statement.member)) {
    return Error{Code::invalid_argument,
                 "a member's code is 1 to 63 of a-z, 0-9, '-' and '.', beginning with a letter"};
  }
  if (statement.valid_from > number_max || statement.issued_at_ms > number_max) {
    return Error{Code::invalid_argument, "a number of a key statement is 2^53 or more"};
  }
  const std::string payload = encode_payload(statement);
  const Signature signature = root.sign(as_bytes(pae(key_statement_type, as_bytes(payload))));
  return encode_envelope(payload, root.public_key(), signature);
}

Result<KeyStatement> verify_statement(std::string_view text, const PublicKey& root) {
  if (text.size() > key_statement_size_max) return Error{Code::too_large, "a key statement has at most 4096 bytes"};
  std::string_view rest = text;
  const auto payload_text = take_field(rest, "{\"payload\":\"", '"');
  const auto type = take_field(rest, "\",\"payloadType\":\"", '"');
  const auto key_id = take_field(rest, "\",\"signatures\":[{\"keyid\":\"", '"');
  const auto signature_text = take_field(rest, "\",\"sig\":\"", '"');
  if (!payload_text || !type || !key_id || !signature_text) return malformed();
  // Who tries statements on many roots pays for one signature at most.
  if (*key_id != to_hex(Bytes(sha256(root)).first(8))) {
    return Error{Code::permission_denied, "the key statement isn't signed by this member's root key; ask the member"};
  }
  const auto payload = from_base64(*payload_text);
  const auto signature = array_from_base64<64>(*signature_text);
  if (!payload || !signature || *type != key_statement_type) return malformed();
  // Before anything inside is looked at.
  if (!verify(root, as_bytes(pae(key_statement_type, *payload)), *signature)) {
    return Error{Code::permission_denied, "the key statement isn't signed by this member's root key; ask the member"};
  }
  if (encode_envelope(as_text(*payload), root, *signature) != text) return malformed();
  const auto statement = parse_payload(as_text(*payload));
  if (!statement) return malformed();
  return *statement;
}

}  // namespace fristad
