#include "cli/with_known.h"

#include <CLI/CLI.hpp>

#include "base/try.h"
#include "cli/options.h"

namespace fristad {
namespace {

constexpr std::size_t kept_at_once = 1000;

}  // namespace

void add_known_options(CLI::App& command, KnownOptions& options) {
  command.add_option("--index", options.index_path, "Compare with an index file");
  add_key(command, options.key_path);
  add_deciding_options(command, options.node);
  command.add_option("--record", options.record,
                     "Keep the matches in the node under this reference (of a case, an order), so that it can tell if "
                     "they are recalled");
}

Status MatchKeeper::add(const KnownMatch& match) {
  if (material_ == nullptr || !match.material) return {};
  matches_.push_back(*match.material);
  return matches_.size() < kept_at_once ? Status() : flush();
}

Status MatchKeeper::flush() {
  if (matches_.empty()) return {};
  const std::vector<MaterialMatch> kept = std::exchange(matches_, {});
  return material_->keep_matches(actor_, reference_, kept);
}

int with_known(const KnownOptions& options, Env& env, const std::function<int(const Known&, MatchKeeper&)>& use) {
  const bool names_node = !options.node.folder.empty() || (options.index_path.empty() && !env.node_folder.empty());
  if (env.node == nullptr && names_node == !options.index_path.empty()) {
    env.say(names_node ? "--index or --node, not both" : "with what? --index FILE, or --node DIR (or FRISTAD_NODE)");
    return exit_usage;
  }
  if (!options.index_path.empty()) {
    if (!options.record.empty()) {
      env.say("--record keeps matches in a node: it needs --node");
      return exit_usage;
    }
    const auto index = open_index(options.index_path, options.key_path);
    if (!index) return env.fail(index.error());
    MatchKeeper none;
    return use(*known_of_index(*index, options.index_path), none);
  }
  return with_node(options.node, env, [&](Node& node) {
    MatchKeeper keeper;
    if (!options.record.empty()) keeper = MatchKeeper(node.material(), options.node.actor, options.record);
    return use(*known_of_node(node.material(), node.folder()), keeper);
  });
}

}  // namespace fristad
