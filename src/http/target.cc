#include <algorithm>
#include <charconv>

#include "http/client.h"
#include "http/syntax.h"

namespace fristad {
namespace {

constexpr std::size_t url_bytes_max = 8 * 1024;

Error wrong(const char* what) {
  return {Code::invalid_argument, std::string("the URL ") + what};
}

bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [bracketed](char c) {
    if (bracketed) return std::string_view("0123456789abcdefABCDEF:.").find(c) != std::string_view::npos;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
}

}  // namespace

Result<HttpTarget> HttpTarget::parse(std::string_view url) {
  if (url.size() > url_bytes_max) return wrong("is over 8 KiB");
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return static_cast<unsigned char>(c - 0x21) > 0x5d || c == '\\'; })) {
    return wrong("has a character that must be percent-encoded");
  }
  HttpTarget target;
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end);
  target.tls = equal_fold(scheme, "https");
  if (scheme_end == std::string_view::npos || (!target.tls && !equal_fold(scheme, "http"))) {
    return wrong("doesn't begin with https:// or http://");
  }
  url.remove_prefix(scheme_end + 3);
  url = url.substr(0, url.find('#'));  // which is the client's own business
  const std::size_t authority_end = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, authority_end);
  url.remove_prefix(authority_end);
  if (authority.find('@') != std::string_view::npos) return wrong("has a user name: leave it out");

  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (host_end == std::string_view::npos) return wrong("has a '[' without a ']'");
  target.host = authority.substr(bracketed ? 1 : 0, host_end - (bracketed ? 1 : 0));
  if (!is_host(target.host, bracketed)) return wrong("has no host, or one that isn't a name or an address");
  authority.remove_prefix(host_end + (bracketed ? 1 : 0));
  target.port = target.tls ? 443 : 80;
  if (!authority.empty()) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(authority.data() + 1, authority.data() + authority.size(), port);
    if (authority[0] != ':' || error != std::errc() || end != authority.data() + authority.size() || port == 0 ||
        port > 65'535) {
      return wrong("has a port that isn't a number from 1 to 65535");
    }
    target.port = static_cast<std::uint16_t>(port);
  }
  target.path = url.starts_with('/') ? std::string(url) : "/" + std::string(url);
  return target;
}

}  // namespace fristad
