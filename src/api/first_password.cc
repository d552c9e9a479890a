#include "api/first_password.h"

#include <string_view>

#include "base/try.h"

namespace fristad {
namespace {

// Thirty: 0 1 i l o u are left out. A byte of 240 or more is drawn again, so that all are as likely.
constexpr std::string_view letters = "23456789abcdefghjkmnpqrstvwxyz";
static_assert(letters.size() == 30);

}  // namespace

Result<std::string> first_password(const Random& random) {
  std::string password;
  while (password.size() < 24) {
    const std::uint8_t byte = TRY(random_array<1>(random))[0];
    if (byte >= 240) continue;
    password += letters[byte % letters.size()];
    if (password.size() % 5 == 4 && password.size() < 24) password += '-';
  }
  return password;
}

}  // namespace fristad
