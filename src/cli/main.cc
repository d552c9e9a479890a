#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "base/random.h"
#include "base/text_escape.h"
#include "cli/program.h"
#include "cli/signals.h"
#include "fristad/kernel.h"
#include "fristad/sandbox.h"

namespace fristad {
namespace {

// A file opened while 0, 1 or 2 is closed would take that number, and messages would be written into it.
bool ensure_standard_streams() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  return fd >= 0 && close(fd) == 0;
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

int run_main(int argc, char** argv) {
  if (!ensure_standard_streams()) return exit_failed;
  Env env{.clock = system_clock(),
          .random = system_random(),
          .cores = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 1024u)),
          .stop = catch_signals(),
          .node_folder = environment("FRISTAD_NODE"),
          .credentials_folder = environment("CREDENTIALS_DIRECTORY"),
          .arguments = {argv + std::min(argc, 1), argv + argc}};
  if (const Status status = kernel_check(); !status) {
    env.fail(status.error());
    return exit_usage;
  }
  return run_program(env);
}

}  // namespace
}  // namespace fristad

int main(int argc, char** argv) {
  if (const auto status = fristad::run_image_worker(argc, argv)) return *status;
  try {
    return fristad::run_main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "fristad: " << fristad::escape_terminal(error.what()) << '\n';
    return fristad::exit_failed;
  }
}
