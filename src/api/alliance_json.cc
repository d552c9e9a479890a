#include "api/alliance_json.h"

#include <algorithm>

namespace fristad {

Result<std::string> member_in(const Call& call) {
  const std::string_view member = call.request.parameter("member");
  if (!is_member_code(member)) return Error{Code::not_found, "there is no such member"};
  return std::string(member);
}

Result<MemberKind> kind_in(Fields& in) {
  const auto kind = member_kind_from_text(TRY(in.text("kind", 16)));
  if (!kind) return Error{Code::invalid_argument, "\"kind\" is state, union or body"};
  return *kind;
}

Result<std::string> letter_in(Fields& in, std::string_view name, std::size_t bytes_max) {
  std::string text = TRY(in.text(name, bytes_max));
  constexpr std::string_view space = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(space), text.size()));
  text.resize(text.empty() ? 0 : text.find_last_not_of(space) + 1);
  if (text.empty()) return Error{Code::invalid_argument, "\"" + std::string(name) + "\" holds no letter"};
  return text;
}

const Card* card_in(const Membership& now, std::string_view member) {
  if (now.state) {
    const AllianceMember* const found = now.state->find(member);
    return found == nullptr ? nullptr : &found->card;
  }
  if (!now.founding) return nullptr;
  const auto found = std::ranges::find(now.founding->founders, member, &Card::member);
  return found == now.founding->founders.end() ? nullptr : &*found;
}

void write_change(JsonWriter& json, const Change& change) {
  json.member("what", change.word()).member("member", change.about());
  const auto write_card = [&json](const Card& card) {
    json.member("name", card.name).member("kind", to_text(card.kind)).member("jurisdiction", card.jurisdiction);
    json.member("address", card.address).member("words", words_of(card.root));
  };
  if (const auto* const admit = std::get_if<Change::Admit>(&change.what); admit != nullptr) {
    write_card(admit->card);
    json.member("invited_by", admit->inviter);
  }
  if (const auto* const card = std::get_if<Change::NewCard>(&change.what); card != nullptr) write_card(card->card);
  if (const auto* const suspend = std::get_if<Change::Suspend>(&change.what); suspend != nullptr) {
    json.member("grounds", suspend->reason);
  }
  if (const auto* const expel = std::get_if<Change::Expel>(&change.what); expel != nullptr) {
    json.member("grounds", expel->reason);
  }
  if (const auto* const charter = std::get_if<Change::Charter>(&change.what); charter != nullptr) {
    json.member("text", charter->text);
  }
}

}  // namespace fristad
