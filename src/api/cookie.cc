#include "api/cookie.h"

#include <algorithm>

namespace fristad {
namespace {

constexpr std::string_view name = "fristad_session=";
constexpr std::size_t secret_bytes_max = 256;

}  // namespace

std::string session_cookie(std::string_view header) {
  while (!header.empty()) {
    std::string_view pair = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(pair.size() + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (!pair.starts_with(name) || pair.size() > name.size() + secret_bytes_max) continue;
    return std::string(pair.substr(name.size()));
  }
  return {};
}

std::string set_session_cookie(std::string_view secret, bool secure) {
  std::string cookie(name);
  cookie.append(secret).append("; Path=/; HttpOnly; SameSite=Strict");
  if (secure) cookie += "; Secure";
  if (secret.empty()) cookie += "; Max-Age=0";
  return cookie;
}

}  // namespace fristad
