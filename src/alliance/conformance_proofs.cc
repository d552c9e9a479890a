// What is signed and proved: leaves, trees, checkpoints, key statements.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "alliance/card.h"
#include "alliance/conformance_ask.h"
#include "crypto/merkle.h"
#include "crypto/note.h"
#include "crypto/statement.h"
#include "record/leaf.h"

namespace fristad {
// ---- leaf ----

namespace {

// The same signature in a form that only lax programs take: its scalar with the order of the group added.
Signature lax(Signature signature) {
  constexpr std::array<std::uint8_t, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += unsigned{signature[32 + i]} + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry & 0xff);
    carry >>= 8;
  }
  return signature;
}

}  // namespace

void ask_leaf(Questioner& ask, AnswerSheet& answers) {
  const SigningKey key = ask.key();
  const PublicKey known = key.public_key();
  answers.say(known);
  for (int i = 0; i < 6; ++i) {
    const std::string origin = ask.text(2 + ask.number(30));
    Leaf leaf{.record = ask.bytes<16>()};
    leaf.revision = static_cast<std::uint32_t>(ask.number(std::uint64_t{1} << 32));
    leaf.previous = ask.bytes<32>();
    leaf.commitment = ask.bytes<32>();
    leaf.signature = sign_leaf(leaf, origin, key);
    const LeafBytes bytes = encode_leaf(leaf);
    answers.say(bytes);
    answers.say(leaf_hash(bytes));
    answers.say(author_tag(origin));
    answers.verdict(verify_leaf(leaf, origin, known));
    answers.verdict(verify_leaf(leaf, origin + "x", known));
    const auto bent = decode_leaf(as_bytes(ask.bent(std::string(as_text(bytes)))));
    answers.verdict(bent && verify_leaf(*bent, origin, known));
    Leaf other = leaf;
    other.signature = lax(leaf.signature);
    answers.verdict(verify_leaf(other, origin, known));
    // A key of small order, for which one signature fits all.
    other.signature = {1};
    answers.verdict(verify_leaf(other, origin, {1}));
    answers.verdict(decode_leaf(Bytes(bytes).first(leaf_size - 1)).has_value());
    LeafBytes another = bytes;
    another[0] = ask.byte();
    answers.verdict(decode_leaf(another).has_value());
  }
}

// ---- tree ----

namespace {

// The complete subtrees of a tree, level by level.
std::vector<std::vector<Digest>> levels_over(std::vector<Digest> leaves) {
  std::vector<std::vector<Digest>> levels{std::move(leaves)};
  while (levels.back().size() > 1) {
    const std::vector<Digest>& below = levels.back();
    std::vector<Digest> above;
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) above.push_back(node_hash(below[i], below[i + 1]));
    levels.push_back(std::move(above));
  }
  return levels;
}

void say_proof(Questioner& ask, AnswerSheet& answers, const std::vector<Digest>& proof,
               const std::function<Status(std::span<const Digest>)>& check) {
  for (const Digest& hash : proof) answers.say(hash);
  answers.verdict(check(proof).has_value());
  std::vector<Digest> bent = proof;
  bent.push_back(ask.bytes<32>());
  answers.verdict(check(bent).has_value());
  if (proof.empty()) return;
  answers.verdict(check(std::span(proof).first(proof.size() - 1)).has_value());
  bent = proof;
  bent[ask.number(bent.size())][ask.number(32)] ^= 1;
  answers.verdict(check(bent).has_value());
}

}  // namespace

void ask_tree(Questioner& ask, AnswerSheet& answers) {
  std::vector<std::uint64_t> sizes{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129};
  sizes.push_back(130 + ask.number(70));
  std::vector<Digest> leaves(sizes.back());
  for (Digest& leaf : leaves) leaf = leaf_hash(ask.bytes<32>());
  const auto levels = levels_over(leaves);
  const HashAt hashes = [&](int level, std::uint64_t index) -> Result<Digest> {
    return levels.at(static_cast<std::size_t>(level)).at(index);
  };
  answers.say(empty_root());
  for (const std::uint64_t size : sizes) {
    MerkleFrontier frontier;
    for (std::uint64_t i = 0; i < size; ++i) frontier.append(leaves[i]);
    const Digest root = frontier.root();
    answers.say(root);
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t index = ask.number(size);
      const auto proof = inclusion_proof(index, size, hashes);
      answers.verdict(proof.has_value());
      if (!proof) continue;
      say_proof(ask, answers, *proof,
                [&](std::span<const Digest> some) { return verify_inclusion(index, size, leaves[index], some, root); });
      // At another place, and in a tree of another size.
      answers.verdict(verify_inclusion(ask.number(size), size, leaves[index], *proof, root).has_value());
      answers.verdict(verify_inclusion(index, size + 1, leaves[index], *proof, root).has_value());
    }
    const std::uint64_t old_size = 1 + ask.number(size);
    const auto old_root = root_at(old_size, hashes);
    const auto proof = consistency_proof(old_size, size, hashes);
    answers.verdict(old_root && proof);
    if (!old_root || !proof) continue;
    say_proof(ask, answers, *proof,
              [&](std::span<const Digest> some) { return verify_consistency(old_size, size, some, *old_root, root); });
  }
}

// ---- note ----

namespace {

void ask_bent_checkpoints(Questioner& ask, AnswerSheet& answers, const std::string& origin) {
  const std::string root = "\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
  for (const std::string& text :
       {origin + "\n0" + root, origin + "\n1" + root, origin + "\n01" + root, origin + "\n-1" + root,
        origin + "\n1" + root + "more\n", origin + "\n1\n", origin + " \n1" + root, "\n1" + root,
        origin + "\r\n1" + root, origin + "\n9223372036854775807" + root, origin + "\n9223372036854775808" + root,
        origin + "\n" + std::to_string(ask.number(1000)) + root}) {
    answers.verdict(parse_checkpoint(text).has_value());
  }
}

}  // namespace

void ask_note(Questioner& ask, AnswerSheet& answers) {
  const std::string origin = "example.org/" + ask.text(1 + ask.number(20));
  const SigningKey key = ask.key();
  const std::array<SigningKey, 2> seen{ask.key(), ask.key()};
  const NoteKey log{.name = origin, .type = NoteKeyType::ed25519, .key = key.public_key()};
  const std::array<NoteKey, 2> witnesses{
      NoteKey{.name = ask.text(4), .type = NoteKeyType::cosignature, .key = seen[0].public_key()},
      NoteKey{.name = ask.text(4), .type = NoteKeyType::cosignature, .key = seen[1].public_key()}};
  for (const NoteKey& known : {log, witnesses[0], witnesses[1]}) {
    const std::string text = note_key_text(known);
    answers.say(text);
    answers.verdict(parse_note_key(ask.bent(text)).has_value());
  }
  ask_bent_checkpoints(ask, answers, origin);
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t size = 1 + ask.number(std::uint64_t{1} << 40);
    const auto body = encode_checkpoint({.origin = origin, .size = size, .root = ask.bytes<32>()});
    answers.outcome(body);
    if (!body) continue;
    std::string note = sign_note(*body, {{origin, key}}).value_or("");
    const std::string alone = note;
    for (std::size_t witness = 0; witness < seen.size(); ++witness) {
      note += cosign(*body, witnesses[witness].name, seen[witness], ask.number(std::uint64_t{1} << 33)).value_or("");
    }
    answers.say(note);
    const auto verified = verify_checkpoint(note, log, witnesses);
    answers.verdict(verified.has_value());
    if (verified) {
      for (const Cosignature& one : verified->cosignatures) answers.number(one.time);
    }
    const std::size_t lines = body->size() + 1;
    for (const std::string& bent :
         {alone, note + note.substr(lines), note.substr(0, note.size() - 1), note + "\n", *body + note,
          *body + "\n" + note.substr(alone.size()), ask.bent(note), ask.bent(note), ask.bent(alone)}) {
      const auto read = verify_checkpoint(bent, log, witnesses);
      answers.verdict(read.has_value());
      if (read) answers.number(read->cosignatures.size());
    }
    const LogProof proof{.index = ask.number(size), .hashes = {ask.bytes<32>(), ask.bytes<32>()}, .checkpoint = note};
    const auto text = encode_log_proof(proof);
    answers.outcome(text);
    if (text) answers.verdict(parse_log_proof(ask.bent(*text)).has_value());
  }
}

// ---- statement ----

void ask_statement(Questioner& ask, AnswerSheet& answers) {
  const SigningKey root = ask.key();
  const PublicKey other = ask.key().public_key();
  const std::array<std::string, 6> codes{ask.text(2),  ask.text(5) + ".x-1", ask.text(63),
                                         ask.text(64), "7" + ask.text(2),    ask.text(2) + "_"};
  constexpr std::uint64_t number_max = (std::uint64_t{1} << 53) - 1;
  for (const KeyPurpose purpose : all_key_purposes) {
    for (const std::string& code : codes) {
      const KeyStatement statement{.member = code,
                                   .purpose = purpose,
                                   .key = ask.bytes<32>(),
                                   .valid_from = ask.number(2) == 0 ? ask.number(1000) : number_max + ask.number(2),
                                   .issued_at_ms = ask.number(std::uint64_t{1} << 42)};
      const auto text = sign_statement(statement, root);
      answers.outcome(text);
      if (!text) continue;
      answers.verdict(verify_statement(*text, root.public_key()) == statement);
      answers.verdict(verify_statement(*text, other).has_value());
      answers.verdict(verify_statement(ask.bent(*text), root.public_key()).has_value());
    }
  }
}

}  // namespace fristad
