#pragma once

// What somebody signs in on, in a few words that he knows it by again: "Firefox, Windows".
//
//   people.begin_session(name, password, address, device_of(request.headers.find("User-Agent")));
//
// Nothing that was sent is in the answer: its words are ours, so it is at most 60 bytes, holds no version that would
// tell one computer from another, and nobody can write into another's page by it.
//
// Thread-safety: pure function. Complexity: linear in what was sent, of which 512 bytes are looked at.

#include <string>
#include <string_view>

namespace fristad {

// Of a User-Agent (RFC 9110, section 10.1.5). "" where nothing is known by it.
std::string device_of(std::string_view user_agent);

}  // namespace fristad
