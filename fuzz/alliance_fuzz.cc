// Any bytes as card, letters, words, and bodies of records: no crash, and what is taken is what would be written.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "alliance/fingerprint.h"
#include "alliance/records.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

// A body that is taken says the same when it is written again.
template <class Body>
void read_body(const fristad::Json& json) {
  if (const auto body = Body::from_json(json)) require(body->to_json() == json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fristad;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto card = read_card(text)) require(to_text(*card) == text);
  if (const auto acceptance = read_acceptance(text)) require(to_text(*acceptance) == text);
  if (const auto invitation = read_invitation(text))
    require(alliance_id(invitation->founding) == invitation->invitation.alliance);
  if (const auto fingerprint = fingerprint_from_words(text)) require(to_words(*fingerprint).size() == 47);
  const auto json = parse_canonical(text, {.bytes_max = 65'536});
  if (!json) return 0;
  if (const auto card = card_from_json(*json)) require(to_json(*card) == *json);
  read_body<Founding>(*json);
  read_body<Change>(*json);
  read_body<Invitation>(*json);
  read_body<VoteBody>(*json);
  read_body<JoinedBody>(*json);
  read_body<LeftBody>(*json);
  read_body<MutedBody>(*json);
  read_body<ReadersBody>(*json);
  return 0;
}
