#pragma once

// The cookie that a browser keeps a session's secret in (RFC 6265).
//
// Thread-safety: pure functions.

#include <string>
#include <string_view>

namespace fristad {

// The secret in a Cookie header; "" if there is none.
std::string session_cookie(std::string_view header);

// The Set-Cookie header that brings it: for this host alone, not for scripts, not from other sites. An empty secret
// takes it away.
std::string set_session_cookie(std::string_view secret, bool secure);

}  // namespace fristad
