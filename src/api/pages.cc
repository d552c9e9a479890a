#include "api/pages.h"

#include <algorithm>

#include "http/syntax.h"

namespace fristad {
namespace {

// Everything comes from the node itself, nothing stands in the page, and no other page may show it in a frame.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// The browser's features that the pages use, and no others.
constexpr std::string_view features =
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), "
    "publickey-credentials-create=(self)";

const PageFile* find_file(std::string_view path) {
  const auto files = page_files();
  const auto at = std::ranges::lower_bound(files, path, {}, &PageFile::path);
  return at != files.end() && at->path == path ? &*at : nullptr;
}

// What browsers ask for when somebody goes to an address; programs that mistyped one get the API's 404.
bool wants_page(const Request& request) {
  return request.headers.find("Accept").find("text/html") != std::string_view::npos &&
         !request.path.starts_with("/api/") && !request.path.starts_with("/health/");
}

Response response_of(const PageFile& file, const Request& request) {
  Response response;
  response.headers.add("Content-Type", std::string(file.type));
  response.headers.add("ETag", std::string(file.etag));
  // The names of assets change with what they hold.
  response.headers.add("Cache-Control",
                       file.path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.add("Content-Security-Policy", std::string(policy));
  response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
  response.headers.add("Permissions-Policy", std::string(features));
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Vary", "Accept-Encoding");
  if (request.headers.find("If-None-Match") == file.etag) {
    response.status = 304;
    return response;
  }
  if (list_has(request.headers.find("Accept-Encoding"), "gzip")) {
    response.headers.add("Content-Encoding", "gzip");
    response.body = file.gzip;
  } else {
    response.body = file.bytes;
  }
  return response;
}

}  // namespace

std::optional<Response> page_response(const Request& request) {
  const PageFile* file = find_file(request.path == "/" ? "/index.html" : request.path);
  if (file == nullptr && wants_page(request)) file = find_file("/index.html");
  if (file == nullptr) return std::nullopt;
  return response_of(*file, request);
}

}  // namespace fristad
