#include "cli/list_choice.h"

#include <algorithm>
#include <string>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t digits_min = 4;

std::string lower_hex(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return out;
}

}  // namespace

Result<ListInfo> choose_list(std::span<const ListInfo> lists, std::string_view text) {
  const std::string digits = lower_hex(text);
  const ListInfo* chosen = nullptr;
  for (const ListInfo& list : lists) {
    const bool by_id = digits.size() >= digits_min && to_text(list.id).starts_with(digits);
    if (!by_id && list.body.title != text) continue;
    if (chosen != nullptr) {
      return Error{Code::conflict, "\"" + std::string(text) + "\" may mean several lists: take more of the id"};
    }
    chosen = &list;
  }
  if (chosen == nullptr) {
    return Error{Code::not_found, "there is no list \"" + std::string(text) + "\" (fristad list show names them)"};
  }
  return *chosen;
}

Result<ListInfo> choose_list(const Material& material, std::string_view text) {
  return choose_list(TRY(material.lists()), text);
}

}  // namespace fristad
