#include "cli/alliance_text.h"

#include <algorithm>

#include "alliance/fingerprint.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "node/conformance_tools.h"

namespace fristad {

Result<std::string> read_letter(const std::string& path) {
  std::string text = TRY(read_file(path, invitation_bytes_max));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::string words_of(const Card& card) {
  return to_words(root_fingerprint(card.root));
}

Status check_words(const Card& card, std::string_view heard) {
  const auto fingerprint = fingerprint_from_words(heard);
  if (fingerprint && *fingerprint == root_fingerprint(card.root)) return {};
  return Error{Code::permission_denied,
               "these aren't the words of the card of \"" + card.member +
                   "\": ask for them by voice, of a person whom you know, and don't take them from what was sent"};
}

std::string lines_text(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += escape_terminal(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string card_text(const Card& card) {
  std::string text = "member        " + escape_terminal(card.member) + "\n";
  text += "name          " + escape_terminal(card.name) + "\n";
  text += "kind          " + std::string(to_text(card.kind)) + "\n";
  if (!card.jurisdiction.empty()) text += "jurisdiction  " + escape_terminal(card.jurisdiction) + "\n";
  text += "address       " + escape_terminal(card.address) + "\n";
  return text + "words         " + words_of(card) + "\n";
}

std::string conformance_text(const Nonce& nonce, const ConformanceAnswers& theirs) {
  const auto ours = conformance_answers(nonce, conformance_tools());
  if (!ours) return "can't be compared: " + ours.error().message;
  std::string differing;
  for (const std::string& section : differences(*ours, theirs)) differing += (differing.empty() ? "" : ", ") + section;
  if (!differing.empty()) return "differs in " + differing + ": ask them which version they run";
  return "the same in all " + std::to_string(ours->sections.size()) + " sections";
}

std::string change_text(const Change& change) {
  std::string text(change.word());
  if (!change.about().empty()) text += " " + escape_terminal(change.about());
  if (const auto* const admit = std::get_if<Change::Admit>(&change.what); admit != nullptr) {
    text += " (" + escape_terminal(admit->card.name) + ", " + std::string(to_text(admit->card.kind)) + ", invited by " +
            escape_terminal(admit->inviter) + ", words " + words_of(admit->card) + ")";
  } else if (const auto* const suspend = std::get_if<Change::Suspend>(&change.what); suspend != nullptr) {
    text += " (" + escape_terminal(suspend->reason) + ")";
  } else if (const auto* const expel = std::get_if<Change::Expel>(&change.what); expel != nullptr) {
    text += " (" + escape_terminal(expel->reason) + ")";
  } else if (const auto* const renewed = std::get_if<Change::NewCard>(&change.what); renewed != nullptr) {
    text += " (" + escape_terminal(renewed->card.name) + ", " + escape_terminal(renewed->card.address) +
            ", keys from record " + std::to_string(renewed->card.key(KeyPurpose::record).valid_from) + ", words " +
            words_of(renewed->card) + ")";
  }
  return text;
}

}  // namespace fristad
