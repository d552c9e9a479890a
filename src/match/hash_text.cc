#include "match/hash_text.h"

#include <string>

#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

Result<Query> parse_digest(DigestKind kind, std::string_view digits) {
  Query query;
  query.digest = kind;
  const std::size_t size = digest_size(kind);
  if (!from_hex(digits, std::span(query.bytes).first(size))) {
    return Error{Code::invalid_argument,
                 std::string("not a ") + to_string(kind) + ": that has " + std::to_string(2 * size) + " hex digits"};
  }
  return query;
}

Result<Query> parse_pdq(std::string_view digits) {
  Query query;
  query.pdq = TRY(PdqHash::from_hex(digits));
  return query;
}

}  // namespace

Result<Query> parse_query(std::string_view text) {
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const std::string_view name = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (name == "pdq") return parse_pdq(digits);
    for (const DigestKind kind : {DigestKind::md5, DigestKind::sha1, DigestKind::sha256}) {
      if (name == to_string(kind)) return parse_digest(kind, digits);
    }
    return Error{Code::invalid_argument, "unknown kind of hash: known are pdq, md5, sha1 and sha256"};
  }
  switch (text.size()) {
    case 32: return parse_digest(DigestKind::md5, text);
    case 40: return parse_digest(DigestKind::sha1, text);
    case 64: return parse_pdq(text);
    default:
      return Error{Code::invalid_argument,
                   "not a hash: PDQ has 64 hex digits, MD5 32, SHA-1 40; write sha256: before a SHA-256"};
  }
}

}  // namespace fristad
