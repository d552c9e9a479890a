#pragma once

// How a command comes to its node: by opening it, or by way of the server that has it open.
//
// Thread-safety: as Env: one command at a time.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/env.h"
#include "node/node.h"

namespace CLI {
class App;
}

namespace fristad {

struct NodeOptions {
  std::string folder;
  std::string key_file;
  std::string actor = "local-admin";
};

// --node and --key-file.
void add_node_options(CLI::App& command, NodeOptions& options);
// The same and --actor, for commands that decide something.
void add_deciding_options(CLI::App& command, NodeOptions& options);

// The folder that is named, or else that of the environment; absolute. Error: invalid_argument (neither).
Result<std::string> node_folder(const NodeOptions& options, const Env& env);

NodeSeams node_seams(const Env& env);

// Gives the exit code: that of `use`, which runs here or, with the same command line, in the server of the node.
// Another command that has the node open is waited for, ten seconds at most.
int with_node(const NodeOptions& options, Env& env, const std::function<int(Node&)>& use);

}  // namespace fristad
