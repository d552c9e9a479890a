#pragma once

// What an ImageHasher and its worker say to each other: packets of fixed size over a socket pair, in the byte order
// of the machine, since both are the same program.
//
//   parent                                 worker
//   WorkerConfig ------------------------>  gives up its rights
//         <------------------------------- WorkerAnswer number 0: ready
//   image bytes into the shared memory
//   WorkerRequest number n --------------->  hashes
//         <------------------------------- WorkerAnswer number n
//
// The parent takes an answer for what it is: foreign bytes.

#include <array>
#include <cstddef>
#include <cstdint>

#include "fristad/hash.h"

namespace fristad {

// The worker finds its ends of both here.
inline constexpr int worker_socket = 3;
inline constexpr int worker_memory = 4;
inline constexpr const char* worker_argument = "--image-worker";
// Set for workers, so that a program which forgot run_image_worker() doesn't start itself without end.
inline constexpr const char* worker_variable = "FRISTAD_IMAGE_WORKER";

struct WorkerConfig {
  static constexpr std::uint64_t expected_magic = 0x31726b7264747366;
  std::uint64_t magic = expected_magic;
  std::uint64_t shared_bytes = 0;  // of the mapping; how many are in use, the requests say
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t cpu_time_us = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t pixels_max = 0;
  std::uint64_t scans_max = 0;
};

struct WorkerRequest {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
};

struct WorkerAnswer {
  std::uint64_t number = 0;
  std::uint32_t ok = 0;
  std::uint32_t code = 0;  // of the error, when not ok
  std::uint32_t format = 0;
  std::uint32_t quality = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::array<PdqHash, orientation_count> hashes{};
  std::uint32_t message_bytes = 0;
  std::array<char, 252> message{};
};

}  // namespace fristad
