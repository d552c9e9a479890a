#pragma once

// The command line as a whole: every command with its options.
//
// Thread-safety: may be called from many threads at once, each with an Env of its own.

#include "cli/env.h"

namespace fristad {

// Runs the command of env.arguments, flushes the output and gives the exit code.
int run_program(Env& env);

}  // namespace fristad
