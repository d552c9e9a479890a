#pragma once

// What the alliance commands share: files that were handed over, words that were heard, and how things are told.
//
// Thread-safety: pure functions.

#include <string>
#include <string_view>

#include "alliance/card.h"
#include "alliance/change.h"
#include "fristad/result.h"

namespace fristad {

// A letter or card without the line feed that its file ends with. Errors: those of read_file().
Result<std::string> read_letter(const std::string& path);

// The words that stand for a member's root key.
std::string words_of(const Card& card);

// Refuses unless `heard`, which somebody took down by voice, are the words of that card. Errors: permission_denied.
Status check_words(const Card& card, std::string_view heard);

// "admit nz (Aotearoa New Zealand, state)", escaped for a terminal.
std::string change_text(const Change& change);
std::string card_text(const Card& card);
// "the same in all 10 sections", or in which of them a candidate's program answers the questions of its invitation
// otherwise than this one.
std::string conformance_text(const Nonce& nonce, const ConformanceAnswers& theirs);
// A text of several lines, each escaped by itself.
std::string lines_text(std::string_view text);

}  // namespace fristad
