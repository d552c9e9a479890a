#pragma once

// What the questions of a conformance run are made of, and how answers add up. docs/format/alliance.md is the
// specification. Included by this room's sources alone.
//
//   Questioner ask("leaf", nonce);
//   AnswerSheet answers;
//   ask_leaf(ask, answers);
//   answers.digest();
//
// Whoever changes a question changes what all programs of the alliance have to answer: what is to be asked in addition
// is better a new section, which older programs pass over. And no two questions stand in one expression where a
// compiler may choose which comes first.
//
// Thread-safety: plain values.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "alliance/conformance.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::string_view conformance_tag = "fristad/conformance/1\n";
inline constexpr std::string_view small_letters = "abcdefghijklmnopqrstuvwxyz";

inline std::array<std::uint8_t, 8> big_endian(std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return bytes;
}

// The bytes of one section: block i is SHA-256 over the tag, the section, a line feed, the nonce and i.
class Questioner {
 public:
  Questioner(std::string_view section, const Nonce& nonce) : section_(section), nonce_(nonce) {}

  std::uint8_t byte() {
    if (used_ == block_.size()) {
      block_ = sha256({as_bytes(conformance_tag), as_bytes(section_), as_bytes("\n"), nonce_, big_endian(counter_++)});
      used_ = 0;
    }
    return block_[used_++];
  }
  // Eight bytes, the first the highest, modulo `below`.
  std::uint64_t number(std::uint64_t below) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value % below;
  }
  template <std::size_t size>
  std::array<std::uint8_t, size> bytes() {
    std::array<std::uint8_t, size> all{};
    for (std::uint8_t& one : all) one = byte();
    return all;
  }
  std::string text(std::size_t size, std::string_view letters = small_letters) {
    std::string all(size, '\0');
    for (char& one : all) one = letters[number(letters.size())];
    return all;
  }
  template <class Choice>
  const auto& one_of(const Choice& choice) {
    return choice[number(choice.size())];
  }
  SigningKey key() { return SigningKey::from_seed(Key(bytes<32>())); }
  // With one bit flipped.
  std::string bent(std::string text) {
    char& one = text[number(text.size())];
    one = static_cast<char>(one ^ (1 << number(8)));
    return text;
  }

 private:
  std::string_view section_;
  const Nonce& nonce_;
  std::uint64_t counter_ = 0;
  Digest block_{};
  std::size_t used_ = block_.size();
};

// Each answer as its size in eight bytes, and itself.
class AnswerSheet {
 public:
  void say(Bytes answer) {
    all_ += as_text(big_endian(answer.size()));
    all_ += as_text(answer);
  }
  void say(std::string_view answer) { say(as_bytes(answer)); }
  void number(std::uint64_t answer) { say(std::to_string(answer)); }
  // Which error it was is for people, and may be told better one day.
  void verdict(bool taken) { say(taken ? "yes" : "no"); }
  void outcome(const Result<std::string>& made) {
    verdict(made.has_value());
    if (made) say(*made);
  }
  Digest digest() const { return sha256(as_bytes(all_)); }

 private:
  std::string all_;
};

// Each asks what its section asks.
void ask_card(Questioner& ask, AnswerSheet& answers);
void ask_epoch(Questioner& ask, AnswerSheet& answers);
void ask_imagery(Questioner& ask, AnswerSheet& answers);
void ask_json(Questioner& ask, AnswerSheet& answers);
void ask_leaf(Questioner& ask, AnswerSheet& answers);
void ask_note(Questioner& ask, AnswerSheet& answers);
void ask_payload(Questioner& ask, AnswerSheet& answers);
void ask_statement(Questioner& ask, AnswerSheet& answers);
void ask_tree(Questioner& ask, AnswerSheet& answers);
// Errors: those of `pdq`.
Status ask_pdq(Questioner& ask, AnswerSheet& answers, const PdqOf& pdq);

}  // namespace fristad
