#include "api/hma/door.h"

#include <algorithm>
#include <array>

#include "http/syntax.h"

namespace fristad {
namespace {

// Without the port.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

bool is_host_of_ours(std::string_view host, std::span<const std::string> hosts) {
  constexpr std::array<std::string_view, 3> loopback{"localhost", "127.0.0.1", "[::1]"};
  const std::string_view name = name_of(host);
  const auto is_name = [&](std::string_view one) { return equal_fold(one, name); };
  if (std::ranges::any_of(loopback, is_name)) return true;
  return std::ranges::any_of(hosts, [&](std::string_view one) { return is_name(one) || equal_fold(one, host); });
}

bool is_origin_of(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equal_fold(origin.substr(scheme.size()), host);
  }
  return false;
}

bool is_listed_host(std::string_view host, std::span<const std::string> listed) {
  return std::ranges::any_of(listed, [&](std::string_view one) {
    if (!one.starts_with("*.")) return equal_fold(one, host);
    one.remove_prefix(1);
    return host.size() > one.size() && equal_fold(host.substr(host.size() - one.size()), one);
  });
}

}  // namespace fristad
