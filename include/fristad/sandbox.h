#pragma once

// Hashes images of unknown origin in worker processes that can do nothing else: pre-started, without
// files, network or new processes (seccomp), with limits of memory and time. A worker that dies or hangs
// costs that one image an error; the next call has a fresh worker.
//
// A worker is the same program, started again with a private command line; so a program that uses
// ImageHasher begins its main with
//
//   int main(int argc, char** argv) {
//     if (auto status = fristad::run_image_worker(argc, argv)) return *status;
//     ...
//     auto hasher = fristad::ImageHasher::start({});
//
// The bytes reach the worker in shared memory that only this process can write, and leave it when
// the hash is known. Nothing touches the disk.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "fristad/image.h"
#include "fristad/result.h"

namespace fristad {

struct SandboxOptions {
  ImageLimits limits = {};
  std::uint64_t memory_bytes_max = 1024u << 20;     // of the worker's address space, the image included
  std::chrono::milliseconds cpu_time_max{10'000};   // for one image
  std::chrono::milliseconds wall_time_max{60'000};  // for one image; over it the worker is killed
  std::string program = {};                         // started as the worker; empty: this program
};

// One worker and the shared memory to it. Use one ImageHasher per thread.
//
// Thread-safety: not thread-safe; distinct objects are independent.
class ImageHasher {
 public:
  static Result<ImageHasher> start(const SandboxOptions& options);
  ~ImageHasher();
  ImageHasher(ImageHasher&&) noexcept;
  ImageHasher& operator=(ImageHasher&&) noexcept;

  // Room for the bytes of the next image, `size` long: fill it, then call submit(). It saves a copy; it is
  // valid until the next call of buffer() or hash(). Errors: too_large (over limits.bytes_max), unavailable.
  Result<std::span<std::uint8_t>> buffer(std::size_t size);

  // Starts hashing the first `size` bytes of buffer(). Between submit() and wait() the caller may read the
  // buffer (to compute digests while the worker decodes), not write it.
  Status submit(std::size_t size);

  // The result for what was submitted. Errors: those of hash_image, deadline_exceeded, and unavailable if the
  // worker died.
  Result<ImageHash> wait();

  // The three steps at once, for bytes that lie elsewhere.
  Result<ImageHash> hash(std::span<const std::uint8_t> bytes);

 private:
  struct Impl;
  explicit ImageHasher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Runs the worker if the command line asks for it and gives the exit status; otherwise nullopt at once.
std::optional<int> run_image_worker(int argc, char** argv);

}  // namespace fristad
