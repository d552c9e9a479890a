#include "api/hma/signals.h"

#include <algorithm>

#include "base/hex.h"

namespace fristad {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Query> md5_query(std::string_view signal) {
  std::string digits(signal);
  digits.erase(0, std::min(digits.find_first_not_of(blanks), digits.size()));
  digits.erase(digits.find_last_not_of(blanks) + 1);
  Query query{.digest = DigestKind::md5, .pdq = {}};
  if (digits.size() == 32 && from_hex(digits, std::span(query.bytes).first(16))) return query;
  return Error{Code::invalid_argument, "'" + std::string(signal) + "' is not a valid MD5 hash"};
}

}  // namespace

Result<Query> hma_query(std::string_view type, std::string_view signal) {
  if (type == signal_md5) return md5_query(signal);
  const auto pdq = PdqHash::from_hex(signal);
  if (pdq && is_lower_hex(signal)) return Query{.digest = std::nullopt, .pdq = *pdq};
  return Error{Code::invalid_argument, "invalid PDQ hash"};
}

std::string signal_text(const Query& query) {
  return query.digest ? to_hex(query.digest_bytes()) : query.pdq.to_hex();
}

void set_signal(EntryBody& entry, const Query& query) {
  if (!query.digest) {
    entry.pdq = query.pdq;
    return;
  }
  entry.md5.emplace();
  std::ranges::copy(query.digest_bytes(), entry.md5->begin());
}

HmaSignals signals_of(const EntryBody& entry) {
  HmaSignals signals;
  if (entry.pdq) signals.emplace(signal_pdq, entry.pdq->to_hex());
  if (entry.md5) signals.emplace(signal_md5, to_hex(*entry.md5));
  return signals;
}

Json to_json(const HmaSignals& signals) {
  Json::Object members;
  for (const auto& [type, text] : signals) members.emplace(type, text);
  return Json(std::move(members));
}

}  // namespace fristad
