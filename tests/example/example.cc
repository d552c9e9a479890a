// What a user of the library writes: makes a list of some images, saves it, opens it again, and looks for other images
// in it. Everything here is public; the tests build and run it against an installed library.
//
//   example LIST.frseg KNOWN.jpg… -- QUESTIONED.jpg…

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "fristad/hash.h"
#include "fristad/image.h"
#include "fristad/kernel.h"
#include "fristad/sandbox.h"
#include "fristad/segment.h"

namespace {

std::vector<std::uint8_t> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int fail(const fristad::Error& error) {
  std::cerr << fristad::to_string(error.code) << ": " << error.message << '\n';
  return 3;
}

// One row of a list: the hash of what the picture looks like, the digests of its bytes, and a name.
fristad::Result<fristad::SegmentRow> make_row(fristad::ImageHasher& hasher, const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  fristad::Digester digester;
  digester.update(bytes);
  const fristad::Digests digests = digester.finish();

  const fristad::Result<fristad::ImageHash> image = hasher.hash(bytes);
  if (!image) return image.error();
  fristad::SegmentRow row;
  if (image->pdq.quality >= fristad::pdq_quality_min) row.pdq = image->pdq.hash;
  row.md5 = digests.md5;
  row.sha256 = digests.sha256;
  row.entry.id = path;
  return row;
}

fristad::Status write_list(fristad::ImageHasher& hasher, const std::string& list,
                           const std::vector<std::string>& paths) {
  fristad::Result<fristad::SegmentWriter> writer = fristad::SegmentWriter::create(list, {.overwrite = true});
  if (!writer) return writer.error();
  for (const std::string& path : paths) {
    const fristad::Result<fristad::SegmentRow> row = make_row(hasher, path);
    if (!row) return row.error();
    if (fristad::Status added = writer->add(*row); !added) return added;
  }
  return writer->finish();
}

// Tries the eight orientations, because a mirrored copy is a copy.
fristad::Status look_for(const fristad::Segment& segment, fristad::ImageHasher& hasher, const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  fristad::Digester digester;
  digester.update(bytes);
  const fristad::Digests digests = digester.finish();
  std::vector<std::uint32_t> rows;
  segment.find(fristad::DigestKind::sha256, digests.sha256, rows);
  for (const std::uint32_t row : rows) std::cout << path << ": the same bytes as " << segment.entry(row).id << '\n';

  const fristad::Result<fristad::ImageHash> image = hasher.hash(bytes);
  if (!image) return image.error();
  fristad::MatchScratch scratch;
  fristad::BatchMatches found;
  segment.match_batch(image->pdq.dihedral, fristad::limit_default, scratch, found);
  for (std::size_t i = 0; i < fristad::orientation_count; ++i) {
    for (const fristad::Match& match : found.of(i)) {
      std::cout << path << ": " << segment.entry(match.row).id << " at distance " << match.distance << ", "
                << fristad::to_string(static_cast<fristad::Orientation>(i)) << '\n';
    }
  }
  return {};
}

// The same without files: hashing in this process, for images that are trusted, and a segment in memory.
fristad::Status match_in_memory(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  const fristad::Result<fristad::ImageHash> image = fristad::hash_image(bytes, {});
  if (!image) return image.error();
  const fristad::Result<fristad::PdqHash> hash = fristad::PdqHash::from_hex(image->pdq.hash.to_hex());
  if (!hash) return hash.error();

  const fristad::Result<fristad::Segment> segment = fristad::Segment::build(std::vector{*hash});
  if (!segment) return segment.error();
  fristad::MatchScratch scratch;
  std::vector<fristad::Match> matches;
  segment->match(*hash, fristad::limit_default, scratch, matches);
  std::cout << "in memory: " << matches.size() << " match, " << fristad::to_string(image->format) << ' ' << image->width
            << 'x' << image->height << ", kernel " << fristad::kernel_name() << '\n';
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = fristad::run_image_worker(argc, argv)) return *status;
  std::vector<std::string> known;
  std::vector<std::string> questioned;
  bool after_dashes = false;
  for (int i = 2; i < argc; ++i) {
    if (std::string(argv[i]) == "--") {
      after_dashes = true;
    } else {
      (after_dashes ? questioned : known).emplace_back(argv[i]);
    }
  }
  if (known.empty() || questioned.empty()) {
    std::cerr << "usage: example LIST.frseg KNOWN.jpg... -- QUESTIONED.jpg...\n";
    return 2;
  }

  fristad::Result<fristad::ImageHasher> hasher = fristad::ImageHasher::start({});
  if (!hasher) return fail(hasher.error());
  const std::string list = argv[1];
  if (const fristad::Status written = write_list(*hasher, list, known); !written) return fail(written.error());
  const fristad::Result<fristad::Segment> segment = fristad::Segment::open(list, {});
  if (!segment) return fail(segment.error());
  for (const std::string& path : questioned) {
    if (const fristad::Status looked = look_for(*segment, *hasher, path); !looked) return fail(looked.error());
  }
  if (const fristad::Status matched = match_in_memory(known.front()); !matched) return fail(matched.error());
  return 0;
}
