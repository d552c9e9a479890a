#include "alliance/fingerprint.h"

#include <algorithm>

namespace fristad {
namespace {

constexpr std::string_view root_tag = "fristad/root-fingerprint/1\n";
constexpr std::string_view alliance_tag = "fristad/alliance-fingerprint/1\n";

// In the order of their numbers, as published: 4 bits a consonant, 2 bits a vowel.
constexpr std::string_view consonants = "bdfghjklmnprstvz";
constexpr std::string_view vowels = "aiou";
constexpr std::size_t word_size = 5;

Fingerprint first_half(const Digest& digest) {
  Fingerprint half{};
  std::copy_n(digest.begin(), half.size(), half.begin());
  return half;
}

std::optional<std::uint16_t> from_word(std::string_view word) {
  std::size_t bits = 0;
  for (std::size_t i = 0; i < word_size; ++i) {
    const bool is_consonant = i % 2 == 0;
    const std::size_t number = (is_consonant ? consonants : vowels).find(word[i]);
    if (number == std::string_view::npos) return std::nullopt;
    bits = bits << (is_consonant ? 4 : 2) | number;
  }
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

Fingerprint root_fingerprint(const PublicKey& root) {
  return first_half(sha256({as_bytes(root_tag), root}));
}

Fingerprint alliance_fingerprint(const Digest& alliance) {
  return first_half(sha256({as_bytes(alliance_tag), alliance}));
}

std::string to_words(std::span<const std::uint8_t> bytes) {
  std::string words;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const unsigned bits = static_cast<unsigned>(bytes[i]) << 8 | bytes[i + 1];
    if (!words.empty()) words += '-';
    words += consonants[bits >> 12];
    words += vowels[bits >> 10 & 3];
    words += consonants[bits >> 6 & 15];
    words += vowels[bits >> 4 & 3];
    words += consonants[bits & 15];
  }
  return words;
}

bool from_words(std::string_view words, std::span<std::uint8_t> bytes) {
  const std::size_t count = bytes.size() / 2;
  if (count == 0 || bytes.size() % 2 != 0 || words.size() != count * (word_size + 1) - 1) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view rest = words.substr(i * (word_size + 1));
    const auto bits = from_word(rest.substr(0, word_size));
    if (!bits || (i + 1 < count && rest[word_size] != '-')) return false;
    bytes[2 * i] = static_cast<std::uint8_t>(*bits >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(*bits);
  }
  return true;
}

std::optional<Fingerprint> fingerprint_from_words(std::string_view typed) {
  constexpr std::size_t typed_max = 200;
  if (typed.size() > typed_max) return std::nullopt;
  std::string words;
  for (const char c : typed) {
    const bool between = c == ' ' || c == '-' || c == '\t' || c == '\n' || c == '\r';
    if (!between) {
      words += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    } else if (!words.empty() && words.back() != '-') {
      words += '-';
    }
  }
  if (words.ends_with('-')) words.pop_back();
  Fingerprint fingerprint{};
  if (!from_words(words, fingerprint)) return std::nullopt;
  return fingerprint;
}

}  // namespace fristad
