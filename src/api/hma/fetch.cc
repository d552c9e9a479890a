#include "api/hma/fetch.h"

#include "api/hma/door.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr int redirects_max = 5;

Error unsafe() {
  return {Code::invalid_argument, "Invalid or unsafe URL provided"};
}

Error failed(const std::string& why) {
  return {Code::invalid_argument, "Failed to fetch URL: " + why};
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Result<HttpTarget> listed(Result<HttpTarget> target, std::span<const std::string> hosts) {
  if (!target || !is_listed_host(target->host, hosts)) return unsafe();
  return target;
}

}  // namespace

Result<HttpTarget> check_url(std::string_view url, std::span<const std::string> hosts) {
  return listed(HttpTarget::parse(url), hosts);
}

Result<HttpTarget> redirected(const HttpTarget& from, std::string_view location) {
  const std::string_view here = location.substr(0, location.find('#'));
  if (here.find("://") != std::string_view::npos && here.find("://") < here.find_first_of("/?")) {
    return HttpTarget::parse(location);
  }
  const std::string scheme = from.tls ? "https:" : "http:";
  if (here.starts_with("//")) return HttpTarget::parse(scheme + std::string(location));
  const std::string host = from.host.find(':') == std::string::npos ? from.host : "[" + from.host + "]";
  const std::string origin = scheme + "//" + host + ":" + std::to_string(from.port);
  if (here.starts_with('/')) return HttpTarget::parse(origin + std::string(location));
  const std::string path = from.path.substr(0, from.path.find('?'));
  return HttpTarget::parse(origin + path.substr(0, path.rfind('/') + 1) + std::string(location));
}

Result<HttpAnswer> fetch_url(std::string_view url, const HmaFetch& how) {
  const std::int64_t until_ms = how.clock.steady_ms() + how.ms;
  HttpTarget target = TRY(check_url(url, how.hosts));
  for (int redirects = 0; redirects <= redirects_max; ++redirects) {
    const std::int64_t left_ms = until_ms - how.clock.steady_ms();
    if (left_ms <= 0) return failed("it took too long");
    HttpClient client({.host = target.host,
                       .port = target.port,
                       .tls = target.tls,
                       .connect_ms = std::min<std::int64_t>(left_ms, 5000),
                       .answer_ms = left_ms,
                       .body_bytes_max = how.bytes_max,
                       .may_connect = how.may_connect});
    HttpCall call{.target = target.path};
    call.headers.add("Accept", "*/*");
    call.headers.add("User-Agent", "fristad");
    auto answer = client.send(call);
    if (!answer) {
      if (answer.error().code == Code::permission_denied) return unsafe();
      if (answer.error().code == Code::too_large) return Error{Code::too_large, "Content too large"};
      return failed(answer.error().message);
    }
    if (!is_redirect(answer->status)) {
      if (answer->status < 200 || answer->status > 299) return failed("status " + std::to_string(answer->status));
      return answer;
    }
    target = TRY(listed(redirected(target, answer->headers.find("Location")), how.hosts));
  }
  return failed("too many redirects");
}

}  // namespace fristad
