#pragma once

// The inner side of the sandbox: a process that gives up everything but decoding.
//
// Thread-safety: for the only thread of a worker process.

#include <optional>
#include <span>

#include "fristad/result.h"
#include "hash/sandbox_protocol.h"

namespace fristad {

// A worker that has given up its rights: it can read what the parent shares, talk to the parent, compute, ask for
// memory, and nothing else. Any other system call ends it.
struct SandboxedWorker {
  WorkerConfig config;
  std::span<const std::uint8_t> shared;
};

// Takes the configuration from the parent, maps the shared memory, and gives up all rights. There is no way back.
Result<SandboxedWorker> enter_image_sandbox();

// The next request; nullopt when the parent is gone.
std::optional<WorkerRequest> receive_request();
bool send_answer(const WorkerAnswer& answer);

// Ends the process by SIGPROF when it has computed that long; 0 stops the clock.
void limit_cpu_time(std::uint64_t time_us);

}  // namespace fristad
