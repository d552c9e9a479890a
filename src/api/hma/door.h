#pragma once

// Who may come in at the drop-in's listener: it has no session and no page of its own, so nothing that a browser sends
// on behalf of another page is let through.
//
// Thread-safety: pure functions.

#include <span>
#include <string>
#include <string_view>

namespace fristad {

// Whether a Host header names this listener: localhost, 127.0.0.1 or [::1] with any port, or one of `hosts`, with the
// port if that has one.
bool is_host_of_ours(std::string_view host, std::span<const std::string> hosts);

// Whether an Origin header is the listener's own: "http://" or "https://" and the Host header.
bool is_origin_of(std::string_view origin, std::string_view host);

// Whether `host` is one of those, of which "*.example.org" stands for all below example.org.
bool is_listed_host(std::string_view host, std::span<const std::string> listed);

}  // namespace fristad
