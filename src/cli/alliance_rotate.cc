// New keys for this node.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "alliance/rotation.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "crypto/secret.h"

namespace fristad {
namespace {

constexpr std::size_t share_bytes_max = 4096;

struct RotateOptions {
  NodeOptions node;
  std::vector<std::string> shares;  // files
  std::uint64_t room = rotation_room_default;
  bool again = false;
  bool card = false;
};

Result<Card> rotate(Node& node, const RotateOptions& options) {
  std::vector<std::string> shares;
  Status read;
  for (const std::string& file : options.shares) {
    auto share = read_file(file, share_bytes_max);
    if (!share) {
      read = share.error();
      break;
    }
    shares.push_back(*std::move(share));
  }
  auto card = read ? node.rotate_keys(options.node.actor, shares, options.room) : Result<Card>(read.error());
  for (std::string& share : shares) wipe(share);
  return card;
}

Status run_rotate(Node& node, const RotateOptions& options, Env& env) {
  if (options.card) {
    const auto waiting = node.waiting_keys();
    if (!waiting) return Error{Code::not_found, "no new keys of this node wait for votes"};
    env.out.write(to_text(waiting->card) + "\n");
    return {};
  }
  if (options.again) {
    TRY(node.vote_for_keys(options.node.actor));
  } else {
    const Card card = TRY(rotate(node, options));
    const auto now = node.alliance().membership();
    if (now->state && !now->state->may_vote(card.member)) {
      env.out.write(to_text(card) + "\n");
      env.say(
          "this node has no vote: hand this card to a member that has one, for `fristad alliance vote card FILE`. "
          "Until two thirds have voted for it, the old keys are in use");
      return {};
    }
  }
  // Where our own vote was enough, they are in use now.
  TRY(node.finish_rotation());
  const auto waiting = node.waiting_keys();
  if (!waiting) {
    env.out.write("the new keys are in use\n");
    return {};
  }
  env.out.write("the new keys wait until two thirds have voted for them: ask the other members\n" +
                std::to_string(waiting->room) + " records can be written with the old ones until then\n");
  return {};
}

}  // namespace

void add_alliance_rotate(CLI::App& alliance, Run& run) {
  const auto options = std::make_shared<RotateOptions>();
  CLI::App* const command =
      alliance.add_subcommand("rotate", "New keys for this node, which the other members have to agree to");
  CLI::Option* const shares =
      command->add_option("SHARE", options->shares, "Files with shares of the root key: two of the three");
  CLI::Option* const room =
      command
          ->add_option("--room", options->room,
                       "How many records may be written until the others agree; few, where a key was stolen")
          ->check(CLI::Range(rotation_room_min, rotation_room_max))
          ->capture_default_str();
  CLI::Option* const again = command->add_flag(
      "--again", options->again, "Vote once more, where the alliance has decided something else meanwhile");
  again->excludes(shares)->excludes(room);
  command->add_flag("--card", options->card, "Print our card with the keys that wait, for a member that has a vote")
      ->excludes(shares)
      ->excludes(room)
      ->excludes(again);
  add_deciding_options(*command, options->node);
  command->footer(std::string("Examples:\n"
                              "  fristad alliance rotate /media/one/se-root-share-1 /media/two/se-root-share-2\n"
                              "  fristad alliance rotate --again\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] {
    run = [options](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status done = run_rotate(node, *options, env);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
}

}  // namespace fristad
