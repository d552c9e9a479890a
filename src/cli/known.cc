#include "cli/known.h"

#include "base/try.h"
#include "cli/file_json.h"

namespace fristad {
namespace {

class KnownIndex final : public Known {
 public:
  KnownIndex(const Segment& index, std::string path) : index_(index), path_(std::move(path)) {}

  Status match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch,
                     KnownBatch& out) const override {
    BatchMatches found;
    index_.match_batch(queries, limit, scratch, found);
    out.matches.clear();
    out.matches.reserve(found.matches.size());
    for (const Match& match : found.matches) out.matches.push_back({.entry = match.row, .distance = match.distance});
    out.starts = std::move(found.starts);
    return {};
  }

  Status find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<KnownMatch>& out) const override {
    std::vector<std::uint32_t> rows;
    index_.find(kind, digest, rows);
    out.clear();
    for (const std::uint32_t row : rows) out.push_back({.entry = row});
    return {};
  }

  Result<Entry> entry(const KnownMatch& match, EntryView& /*room*/) const override {
    return index_.entry(static_cast<std::uint32_t>(match.entry));
  }

  void describe(JsonWriter& json) const override {
    json.key("index").begin_object();
    write_path(json, path_);
    json.member("rows", index_.info().rows).member("bytes", index_.info().bytes).end_object();
  }

  bool rules() const override { return false; }

 private:
  const Segment& index_;
  std::string path_;
};

class KnownMaterial final : public Known {
 public:
  KnownMaterial(const Material& material, std::string folder) : material_(material), folder_(std::move(folder)) {}

  Status match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch,
                     KnownBatch& out) const override {
    out.matches.clear();
    out.starts.assign(1, 0);
    for (std::vector<MaterialMatch>& found : TRY(material_.match_batch(queries, limit, scratch))) {
      for (MaterialMatch& match : found) out.matches.push_back(known(std::move(match)));
      out.starts.push_back(out.matches.size());
    }
    return {};
  }

  Status find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<KnownMatch>& out) const override {
    out.clear();
    for (MaterialMatch& match : TRY(material_.find(kind, digest))) out.push_back(known(std::move(match)));
    return {};
  }

  Result<Entry> entry(const KnownMatch& match, EntryView& room) const override {
    auto found = material_.entry(match.material->list, match.material->number);
    if (!found && found.error().code == Code::permission_denied) return Error{Code::not_found, found.error().message};
    room = TRY(std::move(found));
    return Entry{.id = room.body.id, .classification = to_text(room.body.classification), .note = room.body.note};
  }

  void describe(JsonWriter& json) const override {
    json.key("node").begin_object();
    write_path(json, folder_);
    json.member("entries", material_.index_info().entries).end_object();
  }

  bool rules() const override { return true; }

 private:
  static KnownMatch known(MaterialMatch match) {
    const std::uint64_t entry = match.place.handle();
    const std::uint32_t distance = match.distance;
    return {.entry = entry, .distance = distance, .material = std::make_shared<const MaterialMatch>(std::move(match))};
  }

  const Material& material_;
  std::string folder_;
};

}  // namespace

std::unique_ptr<Known> known_of_index(const Segment& index, std::string path) {
  return std::make_unique<KnownIndex>(index, std::move(path));
}

std::unique_ptr<Known> known_of_node(const Material& material, std::string folder) {
  return std::make_unique<KnownMaterial>(material, std::move(folder));
}

void write_ruling(JsonWriter& json, const MaterialMatch& match) {
  json.member("list", to_text(match.list)).member("entry", match.number).member("level", to_text(match.ruling.level));
  json.key("reasons").begin_array();
  for (const std::string_view reason : match.ruling.reasons) json.value(reason);
  json.end_array();
}

}  // namespace fristad
