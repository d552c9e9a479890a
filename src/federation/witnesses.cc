#include "federation/witnesses.h"

#include <algorithm>

#include "base/try.h"

namespace fristad {

std::string witness_name(std::string_view member) {
  return "fristad.alliance/" + std::string(member) + "/witness";
}

HeadKeys head_keys(const Membership& membership, const NoteKey& log) {
  HeadKeys keys{.log = log};
  const auto add = [&](const Card& card) {
    keys.witnesses.push_back({.name = witness_name(card.member),
                              .type = NoteKeyType::cosignature,
                              .key = card.key(KeyPurpose::witness).key});
    keys.members.push_back(card.member);
  };
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) {
      if (member.standing == Standing::active) add(member.card);
    }
  } else if (membership.founding != nullptr) {
    for (const Card& card : membership.founding->founders) add(card);
  }
  return keys;
}

Result<CheckedHead> check_head(const SeenHead& head, const HeadKeys& keys) {
  // A note has at most so many signatures, one of which is the log's.
  constexpr std::size_t lines_max = note_signatures_max - 1;
  CheckedHead checked;
  std::size_t from = 0;
  do {
    std::string note = head.note;
    const std::size_t to = std::min(head.cosignatures.size(), from + lines_max);
    for (; from < to; ++from) note += head.cosignatures[from];
    const VerifiedCheckpoint verified = TRY(verify_checkpoint(note, keys.log, keys.witnesses));
    checked.checkpoint = verified.checkpoint;
    for (const Cosignature& one : verified.cosignatures) checked.cosigners.insert(keys.members.at(one.witness));
  } while (from < head.cosignatures.size());
  return checked;
}

bool are_enough(const AllianceState& state, std::string_view member,
                const std::set<std::string, std::less<>>& cosigners) {
  const AllianceMember* const own = state.find(member);
  if (own == nullptr) return false;
  std::set<std::string_view> jurisdictions;
  for (const std::string& cosigner : cosigners) {
    const AllianceMember* const witness = state.find(cosigner);
    if (witness == nullptr || witness->standing != Standing::active) continue;
    if (jurisdiction_of(witness->card) != jurisdiction_of(own->card))
      jurisdictions.insert(jurisdiction_of(witness->card));
  }
  return jurisdictions.size() >= witnesses_needed(state, member);
}

}  // namespace fristad
