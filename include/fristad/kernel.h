#pragma once

// Which machine instructions do the comparing. The best that the processor has is chosen on first use;
// the environment variable FRISTAD_KERNEL forces another by name, so that each can be tested and measured.
//
// Thread-safety: all functions may be called from many threads at once.

#include <string_view>
#include <vector>

#include "fristad/result.h"

namespace fristad {

// The kernel that runs: "scalar" (the oracle, plain C++), "sse2" ... "avx2", "avx3_dl", "neon".
std::string_view kernel_name();

// Those that this processor can run, the best first; "scalar" is the last.
std::vector<std::string_view> kernel_names();

// Runs `name` from now on; what FRISTAD_KERNEL does at start. Not while queries run. Error: invalid_argument, naming
// the kernels that exist.
Status kernel_force(std::string_view name);

// ok, or why FRISTAD_KERNEL could not be obeyed: programs ask once at start.
Status kernel_check();

}  // namespace fristad
