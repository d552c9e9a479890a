#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "base/hex.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/note.h"
#include "crypto/tiles.h"
#include "record/journal_impl.h"
#include "record/verify.h"

namespace fristad {
namespace {

constexpr std::size_t problems_max = 100;
constexpr std::int64_t page_rows = 4096;

// Compares published files with what the rows say, as the tree grows.
class FileCheck {
 public:
  FileCheck(const std::string& folder, VerifyReport& report) : folder_(folder), report_(report) {
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      if (!at->is_regular_file()) continue;
      const std::string path = std::filesystem::relative(at->path(), folder).string();
      if (path != "checkpoint") files_.insert(path);
    }
  }

  void leaf(const LeafBytes& leaf, const Digest& hash) {
    entries_.push_back(static_cast<std::uint8_t>(leaf.size() >> 8));
    entries_.push_back(static_cast<std::uint8_t>(leaf.size() & 0xFF));
    entries_.insert(entries_.end(), leaf.begin(), leaf.end());
    add(0, hash);
  }

  void finish(const std::set<std::string>& checkpoints) {
    report_.files = compared_;
    for (const std::string& file : files_) {
      if (!compared_files_.contains(file)) problem("the file " + file + " doesn't belong to this log");
    }
    const auto note = read_file(folder_ + "/checkpoint", note_size_max);
    if (!note) {
      // What was never published can't be wrong.
      if (!files_.empty()) problem("the published checkpoint is missing: publish the log again");
      return;
    }
    ++report_.files;
    if (!checkpoints.contains(*note)) return problem("the published checkpoint isn't one that this log has signed");
    const auto parsed = parse_note(*note);
    const auto checkpoint = parsed ? parse_checkpoint(parsed->text) : Result<Checkpoint>(parsed.error());
    if (!checkpoint) return;
    for (const TilePlace& place : tiles_of(0, checkpoint->size)) {
      const bool there =
          files_.contains(tile_path(place)) && (place.level > 0 || files_.contains(entries_path(place.n, place.width)));
      if (!there) problem("the published tile " + tile_path(place) + " is missing");
    }
  }

 private:
  struct Level {
    std::uint64_t tile = 0;
    std::vector<Digest> hashes;
  };

  void problem(std::string what) {
    if (report_.problems.size() < problems_max) report_.problems.push_back(std::move(what));
  }

  void add(std::size_t level, const Digest& hash) {
    if (levels_.size() <= level) levels_.resize(level + 1);
    levels_[level].hashes.push_back(hash);
    const TilePlace place{static_cast<int>(level), levels_[level].tile, static_cast<int>(levels_[level].hashes.size())};
    if (!files_.empty()) {
      compare(tile_path(place), [&] { return tile_bytes(levels_[level].hashes); });
      if (level == 0) compare(entries_path(place.n, place.width), [&] { return entries_; });
    }
    if (place.width < tile_width) return;
    const Digest above = tile_root(levels_[level].hashes);
    levels_[level].hashes.clear();
    ++levels_[level].tile;
    if (level == 0) entries_.clear();
    add(level + 1, above);
  }

  template <class Expected>
  void compare(const std::string& path, const Expected& expected) {
    if (!files_.contains(path)) return;
    const std::vector<std::uint8_t> bytes = expected();
    const auto found = read_file(folder_ + "/" + path, std::size_t{1} << 20);
    ++compared_;
    compared_files_.insert(path);
    if (!found || as_text(bytes) != *found) problem("the published file " + path + " isn't what the records say");
  }

  const std::string& folder_;
  VerifyReport& report_;
  std::set<std::string> files_;
  std::set<std::string> compared_files_;
  std::uint64_t compared_ = 0;
  std::vector<std::uint8_t> entries_;
  std::vector<Level> levels_;
};

// One row as it was read, and what looking at it alone told.
struct Checked {
  Place place;
  LeafBytes leaf{};
  Result<RecordRow> row = Error{Code::damaged, ""};
  std::string problem = {};
  std::optional<Payload> payload = {};
};

// The leaves are this node's own, and Ed25519 gives the same signature for the same bytes: signing again costs less
// than half of checking. What differs is checked after all, so that the key's owner and a stranger come to the same
// answer.
bool signed_by(const Leaf& leaf, std::string_view origin, const SigningKey& key) {
  return sign_leaf(leaf, origin, key) == leaf.signature || verify_leaf(leaf, origin, key.public_key());
}

void check_alone(Checked& checked, const Key& data_key, std::string_view origin, const SigningKey& key,
                 const VerifyOptions& options) {
  if (!checked.row) {
    checked.problem = checked.row.error().message;
    return;
  }
  if (options.signatures && !signed_by(checked.row->leaf, origin, key)) {
    checked.problem = "its signature is wrong";
    return;
  }
  if (!options.payloads || checked.row->erased) return;
  auto record = open_row(*checked.row, data_key);
  if (!record) {
    checked.problem = record.error().message;
  } else {
    checked.payload = std::move(record->payload);
  }
}

}  // namespace

Result<VerifyReport> verify_log(const Journal& journal, std::uint32_t log, const VerifyOptions& options) {
  return journal.verify(log, options);
}

Result<VerifyReport> Journal::verify(std::uint32_t log, const VerifyOptions& options) const {
  VerifyReport report;
  const auto problem = [&](std::string what) {
    if (report.problems.size() < problems_max) report.problems.push_back(std::move(what));
  };
  const std::string origin = impl_->origin(log);
  const LogHead expected = head(log);
  const auto signers = impl_->signers.get();

  std::map<std::uint64_t, std::string> checkpoints;
  std::set<std::string> notes;
  std::map<std::string, std::int64_t> kept_sequences;
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->reader->query("SELECT size, note FROM checkpoint WHERE log = $1", {std::int64_t{log}},
                             [&](const SqlRow& row) {
                               checkpoints.emplace(static_cast<std::uint64_t>(row.integer(0)), row.text(1));
                               notes.emplace(row.text(1));
                               return Status();
                             }));
    TRY(impl_->reader->query("SELECT scope, sequence FROM scope_sequence WHERE log = $1", {std::int64_t{log}},
                             [&](const SqlRow& row) {
                               kept_sequences.emplace(row.text(0), row.integer(1));
                               return Status();
                             }));
  }

  std::optional<FileCheck> files;
  if (!options.folder.empty()) files.emplace(options.folder, report);
  MerkleFrontier tree;
  const auto [from_place, to_place] = places_of(log);
  std::map<std::string, std::int64_t, std::less<>> sequences;
  std::set<std::string> erased;
  std::set<std::string> erasures;
  KnownLost lost;
  if (log == shared_log) {
    lost = TRY(known_lost(*this));
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->reader->query("SELECT id FROM due_erasure", {}, [&](const SqlRow& row) {
      erasures.insert(to_hex(row.bytes(0)));
      return Status();
    }));
  }
  const auto check_tree = [&] {
    const auto at = checkpoints.find(tree.size());
    if (at == checkpoints.end()) return;
    ++report.checkpoints;
    const NoteKey log_note_key{.name = origin, .key = log_key(log, tree.size())};
    const auto verified = verify_checkpoint(at->second, log_note_key, {});
    if (!verified || verified->checkpoint.size != tree.size() || verified->checkpoint.root != tree.root()) {
      problem("the checkpoint of size " + std::to_string(tree.size()) + " isn't that of the records");
    }
    checkpoints.erase(at);
  };
  check_tree();

  std::vector<Checked> page;
  for (std::uint64_t from = 0;; from = page.back().place.position + 1) {
    page.clear();
    {
      const std::scoped_lock lock(impl_->reading);
      TRY(
          impl_->reader->query("SELECT place, id, revision, kind, leaf, key, sealed FROM record "
                               "WHERE place >= $1 AND place < $2 ORDER BY place LIMIT 4096",
                               {Place{log, from}.value(), Place{log + 1, 0}.value()}, [&](const SqlRow& row) {
                                 Checked checked{.place = Place::of(row.integer(0)), .row = read_row(row)};
                                 const Bytes leaf = row.bytes(4);
                                 std::ranges::copy(leaf.first(std::min(leaf.size(), leaf_size)), checked.leaf.begin());
                                 page.push_back(std::move(checked));
                                 return Status();
                               }));
    }
    if (page.empty()) break;
    {
      const auto check_some = [&](std::size_t first) {
        for (std::size_t i = first; i < page.size(); i += static_cast<std::size_t>(options.threads)) {
          const SigningKey& key = signers->of_record(log, page[i].place.position).record_key;
          check_alone(page[i], impl_->data_key, origin, key, options);
        }
      };
      std::vector<std::jthread> helpers;  // joined first: they use what stands above
      for (int thread = 1; thread < options.threads; ++thread) {
        helpers.emplace_back([&, thread] { check_some(static_cast<std::size_t>(thread)); });
      }
      check_some(0);
    }
    for (const Checked& checked : page) {
      const std::string named = "record " + std::to_string(checked.place.position);
      if (checked.place.position != tree.size()) {
        problem(named + " stands where record " + std::to_string(tree.size()) + " is due: rows were removed or added");
      }
      const Digest hash = leaf_hash(checked.leaf);
      tree.append(hash);
      ++report.records;
      if (files) files->leaf(checked.leaf, hash);
      check_tree();
      if (!checked.problem.empty()) {
        problem(named + ": " + checked.problem);
        continue;
      }
      const RecordRow& row = *checked.row;
      if (row.revision > 0) {
        const std::scoped_lock lock(impl_->reading);
        const auto before =
            TRY(impl_->reader->bytes("SELECT leaf FROM record WHERE id = $1 AND revision = $2 "
                                     "AND place >= $3 AND place < $4 ORDER BY place LIMIT 1",
                                     {Bytes(row.id), std::int64_t{row.revision} - 1, from_place, to_place}));
        if (!before || leaf_hash(*before) != row.leaf.previous) {
          problem(named + " doesn't follow the revision before it");
        }
      } else if (row.leaf.previous != Digest{}) {
        problem(named + " says it follows another, but is the first revision");
      }
      if (row.erased) {
        ++report.erased;
        erased.insert(to_hex(row.id));
        const bool awaited = lost.awaited_from && row.place.position >= *lost.awaited_from && row.kind.empty();
        if (awaited || lost.positions.contains(row.place.position)) erasures.insert(to_hex(row.id));
      }
      if (!checked.payload) continue;
      std::int64_t& last = sequences[checked.payload->scope];
      if (checked.payload->sequence <= last || (erased.empty() && checked.payload->sequence != last + 1)) {
        problem(named + " has the wrong sequence number in its scope");
      }
      last = checked.payload->sequence;
      // An erasure of single items is no word for the rest of the chunk.
      const Json& body = checked.payload->body;
      if (checked.payload->kind == kind_erased && body.find("items") == nullptr) {
        erasures.insert(*body.find("record")->text());
      }
    }
    if (std::ssize(page) < page_rows) break;
  }

  if (tree.size() != expected.size || tree.root() != expected.root) {
    problem("the log says it has " + std::to_string(expected.size) + " records of one root; the rows give " +
            std::to_string(tree.size()) + " and " + (tree.root() == expected.root ? "the same" : "another"));
  }
  for (const auto& [size, note] : checkpoints) {
    problem("the checkpoint of size " + std::to_string(size) + " is beyond the records that there are");
  }
  for (const std::string& id : erased) {
    if (!erasures.contains(id)) problem("record id " + id + " has no content, but no erasure says so");
  }
  if (options.payloads && erased.empty() && sequences.size() != kept_sequences.size()) {
    problem("the counters of the scopes aren't those of the records");
  }
  if (options.payloads) {
    for (const auto& [scope, last] : sequences) {
      const auto kept = kept_sequences.find(scope);
      if (kept == kept_sequences.end() || kept->second < last || (erased.empty() && kept->second != last)) {
        problem("the counter of a scope isn't that of its records");
      }
    }
  }
  if (files) files->finish(notes);
  return report;
}

}  // namespace fristad
