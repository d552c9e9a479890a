#pragma once

// Fingerprints of keys and of an alliance, as words that two people can compare by voice.
//
//   to_words(root_fingerprint(card.root));      // "lusab-babad-gutih-tugad-gohob-nukoh-fulof-kasam"
//
// 128 bits, written as eight proquints: words of five letters that alternate between consonants and vowels, so that
// they can be spoken in most languages, 16 bits each (Wilkerson, "A Proposal for Proquints", 2009). Who wants to make
// another key with the same words has to try 2^128 of them: nobody chooses both of the keys that are compared.
//
// Thread-safety: pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/sign.h"

namespace fristad {

using Fingerprint = std::array<std::uint8_t, 16>;

// The first half of SHA-256 over a tag and the key, or over a tag and the alliance's id: a key and an alliance never
// have the same words.
Fingerprint root_fingerprint(const PublicKey& root);
Fingerprint alliance_fingerprint(const Digest& alliance);

// An even number of bytes as words, with hyphens between them.
std::string to_words(std::span<const std::uint8_t> bytes);

// Fills `bytes`, of an even number, from exactly what to_words() writes for them; false otherwise, and then `bytes` is
// unspecified.
[[nodiscard]] bool from_words(std::string_view words, std::span<std::uint8_t> bytes);

// What somebody typed: of either case, with spaces in place of hyphens or several of them.
std::optional<Fingerprint> fingerprint_from_words(std::string_view typed);

}  // namespace fristad
