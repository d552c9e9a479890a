#pragma once

// A node that stays open: answers the commands that come through its socket, publishes its logs and saves its index,
// until env.stop.
//
// A command runs as it would in the client's process: on the client's streams, in its working directory, in a thread of
// its own; eight at once, others wait. When the client asks to stop, or is gone, the command's own stop flag is set.

#include <cstdint>
#include <functional>

#include "cli/env.h"
#include "node/node.h"

namespace fristad {

struct ServeOptions {
  std::int64_t publish_ms = 60'000;
  // Called as often, beside publishing and saving; from a thread of its own.
  std::function<void()> each_minute = {};
  // Told what of that didn't work.
  std::function<void(std::string_view what, const Error& why)> on_trouble = {};
};

// `run_command` runs a command line, such as run_program() does; called from many threads. Commands that go on after a
// stop are given ten seconds. Gives how many went on even then: their threads still use the node.
// Errors: those of listen_for_commands().
Result<std::size_t> serve(Node& node, const Env& env, const std::function<int(Env&)>& run_command,
                          const ServeOptions& options);

}  // namespace fristad
