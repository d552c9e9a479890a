#pragma once

// Ctrl-C and the like, as a flag that long work looks at. A signal handler may touch nothing else, so this is the one
// global of the program.

#include <atomic>

namespace fristad {

// From now on SIGINT, SIGTERM and SIGHUP set the flag, and a second one ends the program at once with exit_failed.
// Writing to a closed pipe becomes an error rather than a signal.
const std::atomic<bool>& catch_signals();

// From now on the first signal ends the program at once: for work that can't be interrupted but leaves nothing
// half-done when it is.
void end_at_once_on_signals();

}  // namespace fristad
