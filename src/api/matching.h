#pragma once

// Matching for those who ask through a server: counted, held to the quotas of a token, and told only what he may know.
//
// Thread-safety: any thread.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/call.h"
#include "base/json_writer.h"
#include "match/hash_text.h"

namespace fristad {

// Takes the hashes from the caller's quota; the answer if there aren't so many left.
std::optional<Response> take_quota(Call& call, std::uint64_t hashes);

// Whether the caller may know entries and distances. Who may not is watched for feeling his way to a hash.
inline bool sees_details(const Call& call) {
  return call.may(Right::match_details);
}

struct Asked {
  std::vector<MaterialMatch> matches;
  bool refused = false;  // in a neighbourhood that is closed to the token
};

// One hash, or its digest. Errors: those of Material.
Result<Asked> ask_one(Call& call, const Query& query, int limit, Material::Ruled ruled = Material::Ruled::matches);

// One picture: the hash in its eight orientations, of which the nearest tells the distance to an entry. A picture of
// too little quality matches nothing.
struct PictureMatch {
  MaterialMatch match;
  Orientation orientation = Orientation::original;
};
struct AskedPicture {
  std::vector<PictureMatch> matches;
  bool refused = false;
};
Result<AskedPicture> ask_picture(Call& call, const PdqResult& picture, int limit,
                                 Material::Ruled ruled = Material::Ruled::matches);

// Element i answers query i.
struct AskedMany {
  std::vector<std::vector<MaterialMatch>> matches;
  std::vector<bool> refused;  // empty: none
};
Result<AskedMany> ask_many(Call& call, std::span<const PdqHash> queries, int limit);

// A match as the caller may know it: an object.
void write_match(JsonWriter& json, const Call& call, const MaterialMatch& match,
                 std::optional<Orientation> orientation = {});

// The handle that a token gets for an entry, and back.
std::string entry_handle(const Call& call, const MaterialMatch& match);

// The upload in memory, wiped and given back to the budget at the end.
class Upload {
 public:
  explicit Upload(Call& call) : call_(call) {}
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Reads all that `read` gives. Errors: those of `read`, too_large, unavailable (too many uploads at once).
  Status fill(const std::function<Result<std::size_t>(std::span<char>)>& read, std::uint64_t expected_bytes);
  std::span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  Call& call_;
  std::vector<std::uint8_t> bytes_;
  std::uint64_t taken_ = 0;
};

// Hashes an upload in the sandbox. Errors: those of Hashers::hash().
Result<ImageHash> hash_upload(Call& call, const Upload& upload);

}  // namespace fristad
