// /h: hashes of files. Nothing is looked up.

#include <array>

#include "api/hma/hma_impl.h"
#include "api/hma/media.h"
#include "api/hma/shadow.h"

namespace fristad {
namespace {

Result<Response> hash_url(HmaCall& call) {
  const std::string* const url = call.query("url");
  if (url == nullptr) return hma_missing("url");
  return hma_json(200, to_json(TRY(fetch_media(call, *url)).signals));
}

Result<Response> hash_file(HmaCall& call) {
  return hma_json(200, to_json(TRY(read_media(call)).signals));
}

constexpr std::array routes{
    HmaRoute{.at = {.method = Method::get, .pattern = "/h/hash", .right = Right::match, .summary = "Hash a URL"},
             .handle = hash_url,
             .shadowed = pass_on_url},
    HmaRoute{.at = {.method = Method::post,
                    .pattern = "/h/hash",
                    .right = Right::match,
                    .summary = "Hash a file",
                    .limits = hma_upload_limits},
             .handle = hash_file,
             .shadowed = hash_file},
};

}  // namespace

std::span<const HmaRoute> hma_hash_routes() {
  return routes;
}

}  // namespace fristad
