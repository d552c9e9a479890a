#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "cli/env.h"

namespace fristad {
namespace {

std::atomic<bool> stop_flag = false;
std::atomic<bool> at_once = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) {
  const int saved_errno = errno;
  if (stop_flag.exchange(true) || at_once) {
    constexpr std::string_view message = "fristad: stopped\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, message.data(), message.size());
    _exit(exit_failed);
  }
  errno = saved_errno;
}

}  // namespace

const std::atomic<bool>& catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  return stop_flag;
}

void end_at_once_on_signals() {
  at_once = true;
  if (stop_flag) _exit(exit_failed);
}

}  // namespace fristad
