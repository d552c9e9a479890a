#include "fristad/sandbox.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/image_maker.h"

namespace fristad {
namespace {

using namespace std::chrono_literals;
using support::Bytes;

SandboxOptions options_of_worker() {
  SandboxOptions options;
  options.program = FRISTAD_PROGRAM;
  return options;
}

Bytes some_jpeg(int side, std::uint64_t seed) {
  return support::to_jpeg(support::make_photo(side, side, seed), {});
}

void expect_same(const Result<ImageHash>& sandboxed, const Result<ImageHash>& direct) {
  ASSERT_EQ(sandboxed.has_value(), direct.has_value()) << (sandboxed ? "" : sandboxed.error().message);
  if (!direct) {
    EXPECT_EQ(sandboxed.error().code, direct.error().code);
    EXPECT_EQ(sandboxed.error().message, direct.error().message);
    return;
  }
  EXPECT_EQ(sandboxed->pdq.dihedral, direct->pdq.dihedral);
  EXPECT_EQ(sandboxed->pdq.hash, direct->pdq.hash);
  EXPECT_EQ(sandboxed->pdq.quality, direct->pdq.quality);
  EXPECT_EQ(sandboxed->format, direct->format);
  EXPECT_EQ(sandboxed->width, direct->width);
  EXPECT_EQ(sandboxed->height, direct->height);
}

TEST(ImageHasher, GivesWhatHashImageGives) {
  auto hasher = ImageHasher::start(options_of_worker());
  ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
  const support::Image photo = support::make_photo(700, 500, 1);
  const Bytes jpeg = support::to_jpeg(photo, {});
  const Bytes truncated(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() / 2));
  const std::string_view text = "hello, I am a picture";
  for (const Bytes& bytes : {jpeg, support::to_png(photo, {}), truncated, Bytes{}, Bytes(text.begin(), text.end()),
                             support::to_jpeg(photo, {.colour = support::JpegColour::cmyk})}) {
    expect_same(hasher->hash(bytes), hash_image(bytes, {}));
  }
}

TEST(ImageHasher, HashesWhileTheCallerReadsTheBuffer) {
  auto hasher = ImageHasher::start(options_of_worker());
  ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
  const Bytes jpeg = some_jpeg(600, 2);
  const auto buffer = hasher->buffer(jpeg.size());
  ASSERT_TRUE(buffer.has_value());
  std::copy(jpeg.begin(), jpeg.end(), buffer->begin());
  ASSERT_TRUE(hasher->submit(jpeg.size()).has_value());
  EXPECT_EQ(hasher->buffer(1).error().code, Code::invalid_argument);
  Digester digester;
  digester.update(*buffer);
  const Digests digests = digester.finish();
  ASSERT_TRUE(hasher->wait().has_value());
  digester.update(jpeg);
  EXPECT_EQ(digests, digester.finish());
  // The image is gone as soon as its hash is known.
  EXPECT_TRUE(std::all_of(buffer->begin(), buffer->end(), [](std::uint8_t byte) { return byte == 0; }));
}

TEST(ImageHasher, GivesMemoryOfLargeImagesBack) {
  auto hasher = ImageHasher::start(options_of_worker());
  ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
  Bytes jpeg = some_jpeg(300, 3);
  const auto expected = hash_image(jpeg, {});
  jpeg.resize(40u << 20);  // what follows the end of a JPEG is no part of it
  expect_same(hasher->hash(jpeg), expected);
  const auto buffer = hasher->buffer(jpeg.size());
  ASSERT_TRUE(buffer.has_value());
  EXPECT_TRUE(std::all_of(buffer->begin(), buffer->end(), [](std::uint8_t byte) { return byte == 0; }));
  expect_same(hasher->hash(some_jpeg(300, 3)), expected);
}

TEST(ImageHasher, RefusesWrongUse) {
  auto options = options_of_worker();
  options.limits.bytes_max = 1000;
  auto hasher = ImageHasher::start(options);
  ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
  EXPECT_EQ(hasher->wait().error().code, Code::invalid_argument);
  EXPECT_EQ(hasher->submit(1 << 30).error().code, Code::invalid_argument);
  EXPECT_EQ(hasher->hash(Bytes(1001)).error().code, Code::too_large);
  EXPECT_EQ(hasher->hash(Bytes(1000)).error().code, Code::unsupported);
}

TEST(ImageHasher, SaysWhenThereIsNoSuchProgram) {
  SandboxOptions options;
  options.program = "/nonexistent/fristad";
  EXPECT_EQ(ImageHasher::start(options).error().code, Code::unavailable);
  options.program = "/bin/true";  // runs, but is no worker
  EXPECT_EQ(ImageHasher::start(options).error().code, Code::unavailable);
}

TEST(ImageHasher, ManyOfThemInManyThreads) {
  const Bytes jpeg = some_jpeg(400, 4);
  const auto expected = hash_image(jpeg, {});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto hasher = ImageHasher::start(options_of_worker());
      ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
      ImageHasher moved = std::move(*hasher);
      for (int j = 0; j < 20; ++j) expect_same(moved.hash(jpeg), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A worker outlives the thread that started it.
TEST(ImageHasher, MovesBetweenThreads) {
  Result<ImageHasher> hasher = Error{Code::internal, ""};
  std::thread([&] { hasher = ImageHasher::start(options_of_worker()); }).join();
  ASSERT_TRUE(hasher.has_value()) << hasher.error().message;
  EXPECT_TRUE(hasher->hash(some_jpeg(100, 5)).has_value());
}

TEST(ImageHasher, LeavesNoProcessBehind) {
  { ASSERT_TRUE(ImageHasher::start(options_of_worker()).has_value()); }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// The program that obeys orders from inside the sandbox: see tests/support/hostile_worker.cc.
class HostileWorker : public testing::Test {
 protected:
  void SetUp() override {
    options_.program = FRISTAD_HOSTILE_WORKER;
    options_.cpu_time_max = 300ms;
    options_.wall_time_max = 1500ms;
    options_.memory_bytes_max = 512u << 20;
    auto started = ImageHasher::start(options_);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    hasher_.emplace(std::move(*started));
  }

  // The order costs its own image an error, and the next image is hashed.
  Error error_of(char order) {
    const auto result = hasher_->hash(Bytes{static_cast<std::uint8_t>(order)});
    EXPECT_FALSE(result.has_value()) << order;
    const auto next = hasher_->hash(Bytes{'.'});
    EXPECT_TRUE(next.has_value()) << order << ": " << next.error().message;
    return result ? Error{} : result.error();
  }

  SandboxOptions options_;
  std::optional<ImageHasher> hasher_;
};

TEST_F(HostileWorker, DiesOfForbiddenSystemCalls) {
  for (const char order : {'o', 's', 'f', 'e', 'k', 'x'}) {
    const Error error = error_of(order);
    EXPECT_EQ(error.code, Code::unavailable) << order;
    EXPECT_NE(error.message.find("forbidden system call"), std::string::npos) << order << ": " << error.message;
  }
}

TEST_F(HostileWorker, CannotWriteTheSharedMemory) {
  EXPECT_NE(error_of('c').message.find("killed"), std::string::npos);
  EXPECT_NE(error_of('w').message.find("killed"), std::string::npos);
}

TEST_F(HostileWorker, CannotComputeOrSleepForEver) {
  const Error computing = error_of('l');
  EXPECT_EQ(computing.code, Code::deadline_exceeded);
  EXPECT_EQ(computing.message, "decoding took more than 300 ms of processor time");
  const Error sleeping = error_of('z');
  EXPECT_EQ(sleeping.code, Code::deadline_exceeded);
  EXPECT_EQ(sleeping.message, "decoding took longer than 1500 ms");
}

TEST_F(HostileWorker, CannotAllocateWithoutEnd) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need the address space";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need the address space";
#endif
#endif
  const Error error = error_of('m');
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_NE(error.message, "escaped");
}

TEST_F(HostileWorker, MayDieAsItLikes) {
  EXPECT_NE(error_of('a').message.find("SIGABRT"), std::string::npos);
  EXPECT_NE(error_of('q').message.find("status 42"), std::string::npos);
}

TEST_F(HostileWorker, IsNotBelieved) {
  for (const char order : {'n', 'p', 'u', 'g', 'b', '1'}) {
    EXPECT_EQ(error_of(order).message, "the image worker gave a malformed answer") << order;
  }
  EXPECT_EQ(error_of('t').message, "?[2J?hi");
}

}  // namespace
}  // namespace fristad
