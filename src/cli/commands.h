#pragma once

// The commands, one file each. Each function adds its command to the command line; when that command is chosen,
// `run` becomes what to do.

#include <functional>

#include "cli/env.h"

namespace CLI {
class App;
}

namespace fristad {

using Run = std::function<int(Env&)>;

void add_hash(CLI::App& app, Run& run);
void add_index(CLI::App& app, Run& run);
void add_match(CLI::App& app, Run& run);
void add_scan(CLI::App& app, Run& run);
void add_version(CLI::App& app, Run& run);

// What `index` is made of.
void add_index_build(CLI::App& index, Run& run);

}  // namespace fristad
