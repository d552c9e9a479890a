// The values that facebook/ThreatExchange publishes for its own test images.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fristad/image.h"
#include "tests/support/image_maker.h"

namespace fristad {
namespace {

std::vector<std::uint8_t> test_file(const std::string& name) {
  std::ifstream file(std::string(FRISTAD_TEST_DATA "/") + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Published {
  const char* file;
  const char* hash;
};

constexpr std::array bridges{
    Published{"dih/bridge-1-original.jpg", "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22"},
    Published{"dih/bridge-2-rotate-90.jpg", "30a10efdf1c83f429013d48d0ffffc52e34e0e35ada952a9d29605215aa9e5af"},
    Published{"dih/bridge-3-rotate-180.jpg", "2dad5a64b1a142e7d362a09857da895ae63b8c7fc23794b766b319361fc93188"},
    Published{"dih/bridge-4-rotate-270.jpg", "a5f0a457248995e8c9065c275aaa5498b61ba4bdf8fcf80387c32f8b5bfc4f05"},
    Published{"dih/bridge-5-flipx.jpg", "d8f80f33e0f417b20e37f5cd028f980fb36ed02a9662c1e233e64c634e9c64dd"},
    Published{"dih/bridge-6-flipy.jpg", "2da9259bb1a1bd1a5362576552da32a5e63b7380c2774b4866b346c91b89ce77"},
    Published{"dih/bridge-7-flip-plus-1.jpg", "f0a1e10271ccc0bd90530b720fff038de34ef1e8ada9a956d6967ade5ea91a50"},
    Published{"dih/bridge-8-flip-minus-1.jpg", "2df05aa8a4896a17c14682da5aaaab07b61b5b42f8fc07fc87c3d0741bfcb0fa"},
};

constexpr std::array<const char*, orientation_count> dihedral_of_bridge_1{
    "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22",
    "f0a10efd51c83d429053d48d0fffbc52e34e0e17ada956a9d29685211ea9e58f",
    "adad5a64b5a102e55b62a88052dacd5ae63b847fc337b4b766b399361bc93188",
    "a5f0b457248995e8c1065c275aaa56d8b61ba4bdf8fcfc0383c32f8b0bfc4f05",
    "d8f80f31e0f457b00637f5d5038f980fb36ed12a9662c1e233e64c634e9c64dd",
    "8dada49991a1bd1a5362577742da32a5e63b7b80c2364b4866b346c91bc9ce77",
    "f0a1e10271ccc0bd90530b720fff038de34ef1e8ada9a956d6967ade5ea91a50",
    "a5f44ba8a4996a17cd06a1d85aaaa927b61b5b42f8fc03fc83c3d0740bfcb0fa",
};

TEST(PublishedPdq, HashesOfTheBridges) {
  for (const Published& bridge : bridges) {
    const auto image = hash_image(test_file(bridge.file), {});
    ASSERT_TRUE(image.has_value()) << bridge.file << ": " << image.error().message;
    EXPECT_EQ(image->pdq.hash.to_hex(), bridge.hash) << bridge.file;
    EXPECT_EQ(image->pdq.quality, 100) << bridge.file;
  }
}

TEST(PublishedPdq, DihedralHashesOfTheFirstBridge) {
  const auto image = hash_image(test_file(bridges[0].file), {});
  ASSERT_TRUE(image.has_value()) << image.error().message;
  for (std::size_t i = 0; i < orientation_count; ++i) {
    EXPECT_EQ(image->pdq.dihedral[i].to_hex(), dihedral_of_bridge_1[i]) << to_string(static_cast<Orientation>(i));
  }
}

// The reference decodes to RGB and computes luma from that; here it is the file's own. They differ where a colour lies
// outside RGB and is clipped, so in pictures with much of that by more bits. The published rule allows 10 at
// quality 80.
TEST(PublishedPdq, LumaOfJpegIsAsGoodAsRgb) {
  for (const char* name :
       {"labelme-subset/q0122.jpg", "labelme-subset/q0291.jpg", "labelme-subset/q0746.jpg", "labelme-subset/q1050.jpg",
        "labelme-subset/q2821.jpg", "dih/bridge-1-original.jpg", "dih/bridge-2-rotate-90.jpg"}) {
    const auto bytes = test_file(name);
    const auto image = hash_image(bytes, {});
    ASSERT_TRUE(image.has_value()) << name << ": " << image.error().message;
    const support::Image rgb = support::decoded(bytes);
    std::vector<float> luma;
    for (std::size_t i = 0; i < rgb.pixels.size(); i += 3) {
      luma.push_back(0.299f * static_cast<float>(rgb.pixels[i]) + 0.587f * static_cast<float>(rgb.pixels[i + 1]) +
                     0.114f * static_cast<float>(rgb.pixels[i + 2]));
    }
    const PdqResult reference = pdq_reference({luma.data(), rgb.width, rgb.height, rgb.width});
    EXPECT_EQ(reference.quality, 100) << name;
    EXPECT_EQ(image->pdq.quality, 100) << name;
    const auto extremes = std::count_if(rgb.pixels.begin(), rgb.pixels.end(), [](int v) { return v == 0 || v == 255; });
    const bool much_clipped = static_cast<std::size_t>(extremes) > rgb.pixels.size() / 20;
    EXPECT_LE(distance(image->pdq.hash, reference.hash), much_clipped ? 10 : 2) << name;
  }
}

TEST(PublishedPdq, FlatPicturesHaveTheirPublishedLowQuality) {
  EXPECT_EQ(hash_image(test_file("labelme-subset/q0003.jpg"), {})->pdq.quality, 3);
  EXPECT_EQ(hash_image(test_file("labelme-subset/q0004.jpg"), {})->pdq.quality, 4);
}

// The published distance of this picture, which has an alpha channel, from the first bridge is about half of all bits.
TEST(PublishedPdq, PictureWithAlpha) {
  const auto pen = hash_image(test_file("pen-and-coaster.png"), {});
  ASSERT_TRUE(pen.has_value()) << pen.error().message;
  EXPECT_EQ(pen->width, 924u);
  EXPECT_EQ(pen->height, 735u);
  const auto bridge = hash_image(test_file(bridges[0].file), {});
  EXPECT_NEAR(distance(pen->pdq.hash, bridge->pdq.hash), 138, 8);
}

}  // namespace
}  // namespace fristad
