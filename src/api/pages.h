#pragma once

// The pages of the web interface: the files of web/dist, which are built into the program. No page holds anything of
// the node: what it shows, it asks the API for, with the rights of who sits before it.
//
// Thread-safety: what is here never changes. Complexity: a file is copied into its answer.

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "http/message.h"
#include "http/router.h"

namespace fristad {

struct PageFile {
  std::string_view path;  // "/assets/index-3f2a.js"
  std::string_view type;
  std::string_view etag;  // of what it holds
  std::string_view bytes;
  std::string_view gzip;
};

// In the order of their paths. Made by tools/embed_pages.py.
std::span<const PageFile> page_files();

// What the router knows them by.
inline constexpr std::array<std::string_view, 2> page_patterns{"/", "/{page...}"};

// The answer for a path: a file; or, for every other path that a browser asks for as a page, index.html, which finds
// out itself what to show there. Nothing where neither is.
std::optional<Response> page_response(const Request& request);

}  // namespace fristad
