// make_images PHOTO_DIR OUT_DIR [--seed N]
//
// Writes what becomes of pictures on their way through the net: for every JPEG and PNG below PHOTO_DIR recompressed,
// resized, mirrored, rotated, cropped and lettered copies, named <photo>__<change>.jpg; and 40 pictures that have
// nothing to do with them. For the demo and for tests.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/image_maker.h"

namespace {

namespace fs = std::filesystem;
using fristad::support::Bytes;
using fristad::support::Image;

constexpr int unrelated_count = 40;

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool write_file(const fs::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file.good();
}

std::vector<fs::path> photos_below(const fs::path& folder) {
  std::vector<fs::path> photos;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension();
    if (extension == ".jpg" || extension == ".jpeg" || extension == ".png") photos.push_back(entry.path());
  }
  std::sort(photos.begin(), photos.end());
  return photos;
}

bool write_copies(const fs::path& photo, const fs::path& out) {
  namespace support = fristad::support;
  const Image image = support::decoded(read_file(photo));
  if (image.width < 64 || image.height < 64) return true;
  const auto write = [&](const char* change, const Image& changed, int quality) {
    support::JpegOptions options;
    options.quality = quality;
    return write_file(out / (photo.stem().string() + "__" + change + ".jpg"), support::to_jpeg(changed, options));
  };
  const int margin_x = image.width / 100;
  const int margin_y = image.height / 100;
  Image lettered = image;
  const int scale = std::max(1, image.width / 200);
  support::draw_text(lettered, "FRISTAD", 3 * scale, image.height - 10 * scale, scale);
  return write("recompressed", image, 50) &&
         write("resized", support::resized(image, image.width * 3 / 5, image.height * 3 / 5), 85) &&
         write("mirrored", support::mirrored(image), 85) && write("rotated90", support::rotated_90(image), 85) &&
         write("cropped",
               support::cropped(image, margin_x, margin_y, image.width - 2 * margin_x, image.height - 2 * margin_y),
               85) &&
         write("text", lettered, 85) &&
         write_file(out / (photo.stem().string() + "__png.png"), support::to_png(image, {}));
}

bool write_unrelated(const fs::path& out, std::uint64_t seed) {
  namespace support = fristad::support;
  for (int i = 0; i < unrelated_count; ++i) {
    const std::string number = std::to_string(100 + i).substr(1);
    const Image image = support::make_photo(640 + 16 * i, 480 + 8 * i, seed + static_cast<std::uint64_t>(i));
    if (!write_file(out / ("unrelated-" + number + ".jpg"), support::to_jpeg(image, {}))) return false;
  }
  return true;
}

// Photos of one size, for measuring.
int write_plain(const fs::path& out, int count, int width, int height) {
  namespace support = fristad::support;
  std::error_code error;
  fs::create_directories(out, error);
  for (int i = 0; i < count; ++i) {
    const Image image = support::make_photo(width, height, static_cast<std::uint64_t>(i));
    if (!write_file(out / (std::to_string(i) + ".jpg"), support::to_jpeg(image, {}))) return 3;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::string(argv[1]) == "--plain") {
    return write_plain(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
  }
  const bool has_seed = argc == 5 && std::string(argv[3]) == "--seed";
  if (argc != 3 && !has_seed) {
    std::fprintf(stderr,
                 "usage: make_images PHOTO_DIR OUT_DIR [--seed N]\n"
                 "       make_images --plain OUT_DIR COUNT WIDTH HEIGHT\n");
    return 2;
  }
  const fs::path out = argv[2];
  std::error_code error;
  fs::create_directories(out, error);
  bool done = !error && write_unrelated(out, has_seed ? std::strtoull(argv[4], nullptr, 10) : 1);
  for (const fs::path& photo : photos_below(argv[1])) done = done && write_copies(photo, out);
  if (!done) std::fprintf(stderr, "make_images: cannot write to %s\n", out.c_str());
  return done ? 0 : 3;
}
