#pragma once

// Comparing with what is known: the options that say with what, and keeping what matched.
//
// Thread-safety: as Env: one command at a time.

#include <functional>
#include <string>
#include <vector>

#include "cli/known.h"
#include "cli/with_node.h"

namespace fristad {

struct KnownOptions {
  std::string index_path;
  std::string key_path;
  NodeOptions node;
  std::string record;  // the reference to keep matches under; empty: don't
};

// --index with --key, or --node with --key-file, --actor and --record.
void add_known_options(CLI::App& command, KnownOptions& options);

// Keeps matches in the node, some at a time, so that they can be recalled; or nothing.
class MatchKeeper {
 public:
  MatchKeeper() = default;
  MatchKeeper(Material& material, std::string actor, std::string reference)
      : material_(&material), actor_(std::move(actor)), reference_(std::move(reference)) {}

  // Errors: those of Material::keep_matches().
  Status add(const KnownMatch& match);
  // What was added is on disk when this returns.
  Status flush();

 private:
  Material* material_ = nullptr;
  std::string actor_;
  std::string reference_;
  std::vector<MaterialMatch> matches_;
};

// Opens the index, or comes to the node as with_node() does. Gives the exit code.
int with_known(const KnownOptions& options, Env& env, const std::function<int(const Known&, MatchKeeper&)>& use);

}  // namespace fristad
