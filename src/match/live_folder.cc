#include "match/live_folder.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/try.h"
#include "match/files.h"
#include "match/live_state.h"
#include "match/seal.h"

namespace fristad {
namespace {

constexpr std::string_view state_name = "state";
constexpr std::string_view segment_prefix = "segment-";
constexpr std::size_t number_digits = 16;
// DraftFile calls a file so until it is complete, with six characters behind.
constexpr std::string_view partial_mark = ".partial-";
constexpr std::size_t partial_size = partial_mark.size() + 6;

std::string segment_name(std::uint64_t number) {
  std::string name(segment_prefix);
  for (int shift = 60; shift >= 0; shift -= 4) name.push_back("0123456789abcdef"[number >> shift & 15]);
  return name;
}

std::string path_in(const std::string& folder, std::string_view name) {
  return folder + "/" + std::string(name);
}

// Whether a file of this name can only be one of ours. Anything else that lies in the folder is left alone.
bool is_ours(std::string_view name) {
  if (name.size() > partial_size && name.substr(name.size() - partial_size).starts_with(partial_mark)) {
    name.remove_suffix(partial_size);
  }
  if (name == state_name) return true;
  return name.size() == segment_prefix.size() + number_digits && name.starts_with(segment_prefix) &&
         name.find_first_not_of("0123456789abcdef", segment_prefix.size()) == std::string_view::npos;
}

// Whether the part's own file is still there: somebody may have deleted it, or this may be another folder or key.
bool is_written(const std::string& folder, const SealKey& key, const LivePart& part) {
  if (!part.file) return false;
  const auto file = open_to_read(path_in(folder, segment_name(part.file->number)));
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0) return false;
  std::array<std::uint8_t, seal_header_size> head{};
  return static_cast<std::uint64_t>(status.st_size) == sealed_size(part.bytes()) &&
         ::pread(file->get(), head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()) &&
         seal_id(head, key) == part.file->id;
}

Status write_part(const std::string& folder, const SealKey& key, LivePart& part) {
  LiveFile written;
  ::randombytes_buf(&written.number, sizeof written.number);
  DraftFile file = TRY(DraftFile::create(path_in(folder, segment_name(written.number)), false));
  written.id = TRY(write_sealed(file.get(), part.written_form(), key));
  TRY(file.commit());
  part.file = written;
  return {};
}

Status delete_all_but(const std::string& folder, const std::set<std::string>& named) {
  std::error_code error;
  std::vector<std::string> stale;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename();
    if (is_ours(name) && !named.contains(name)) stale.push_back(std::move(name));
  }
  if (error) return os_error("cannot list " + folder, error.value());
  for (const std::string& name : stale) {
    if (::unlink(path_in(folder, name).c_str()) != 0 && errno != ENOENT) {
      return system_error("delete", path_in(folder, name));
    }
  }
  if (stale.empty()) return {};
  return make_durable(folder);
}

// The whole file, or an error that names it.
Result<Memory> opened(const std::string& path, const SealKey& key, const SealId* id, int threads) {
  const auto at_path = [&](Code code, const std::string& what) {
    if (code == Code::unavailable) return Error{code, path + ": " + what};
    return Error{code, path + ": " + what + ". It is part of a cache: delete the folder and build the index anew"};
  };
  const UniqueFd file = TRY(open_to_read(path));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("open", path);
  if (!S_ISREG(status.st_mode)) return at_path(Code::damaged, "this is not a file");
  const Memory sealed = TRY(Memory::map_read_only(file.get(), static_cast<std::size_t>(status.st_size)));
  if (!is_sealed(sealed.bytes())) return at_path(Code::damaged, "this is not a sealed file");
  // The state opened with this key, so a segment that doesn't is a foreign one; as is one that has another id.
  if (id != nullptr && seal_id(sealed.bytes(), key) != *id) {
    return at_path(Code::damaged, "this is not the segment that the state names");
  }
  auto content = open_sealed(sealed.bytes(), key, threads);
  if (!content) return at_path(content.error().code, content.error().message);
  return content;
}

Error in_folder(const std::string& folder, const Error& error) {
  if (error.code == Code::unavailable) return {error.code, folder + ": " + error.message};
  return {error.code, folder + ": " + error.message + ". The folder is a cache: delete it and build the index anew"};
}

}  // namespace

Status save_live(const std::string& folder, const SealKey& key, LiveSnapshot snapshot) {
  TRY(make_folder(folder));
  LiveState state{.note = std::move(snapshot.note), .segments = {}, .entries = std::move(snapshot.entries)};
  std::ranges::sort(state.entries, {}, &LiveEntry::handle);
  std::set<std::string> named{std::string(state_name)};
  for (auto& [part, removed] : snapshot.parts) {
    if (!is_written(folder, key, *part)) TRY(write_part(folder, key, *part));
    named.insert(segment_name(part->file->number));
    state.segments.push_back({*part->file, part->rows(), std::move(removed)});
    part.reset();  // it may have been merged meanwhile, and then its memory is waited for
  }
  DraftFile file = TRY(DraftFile::create(path_in(folder, state_name), true));
  TRY(write_sealed(file.get(), encode(state), key));
  TRY(file.commit());
  return delete_all_but(folder, named);
}

Result<LoadedLive> load_live(const std::string& folder, const SealKey& key, int threads) {
  Memory content = TRY(opened(path_in(folder, state_name), key, nullptr, threads));
  auto parsed = parse_live_state(content.bytes());
  content.wipe();
  if (!parsed) return in_folder(folder, parsed.error());

  LoadedLive loaded{.note = std::move(parsed->note), .parts = {}, .entries = std::move(parsed->entries)};
  for (const LiveState::Segment& segment : parsed->segments) {
    auto memory = opened(path_in(folder, segment_name(segment.file.number)), key, &segment.file.id, threads);
    if (!memory && memory.error().code == Code::not_found) {
      return in_folder(folder, {Code::damaged, "a segment that the state names is missing"});
    }
    if (!memory) return memory.error();
    auto part = LivePart::load(*std::move(memory), segment.removed, threads);
    if (!part) return in_folder(folder, part.error());
    if ((*part)->rows() != segment.rows) {
      return in_folder(folder, {Code::damaged, "a segment has other rows than the state says"});
    }
    (*part)->file = segment.file;
    const auto shares = [&](const auto& other) { return LivePart::share_a_handle(*other, **part); };
    if (std::ranges::any_of(loaded.parts, shares)) {
      return in_folder(folder, {Code::damaged, "an entry is in two segments"});
    }
    loaded.parts.push_back(*std::move(part));
  }
  return loaded;
}

}  // namespace fristad
