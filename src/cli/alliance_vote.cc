// Votes: what is asked for, and what others have asked for.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>

#include "alliance/alliance.h"
#include "base/hex.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "cli/alliance_text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

constexpr std::size_t digits_min = 4;

struct VoteOptions {
  NodeOptions node;
  std::string what;  // a member, a file, the first digits of a change
  std::string words;
  std::string reason;
};

using MakeChange = Result<Change> (*)(Node& node, const VoteOptions& options);

Result<Change> admit(Node& node, const VoteOptions& options) {
  Change change = TRY(node.alliance().admission(TRY(read_letter(options.what))));
  TRY(check_words(std::get<Change::Admit>(change.what).card, options.words));
  return change;
}

Result<Change> suspend(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::Suspend{.member = options.what, .reason = options.reason}};
}
Result<Change> lift(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::Lift{.member = options.what}};
}
Result<Change> expel(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::Expel{.member = options.what, .reason = options.reason}};
}
Result<Change> remove(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::Remove{.member = options.what}};
}
Result<Change> charter(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::Charter{.text = TRY(read_file(options.what, charter_bytes_max))}};
}
Result<Change> card(Node& /*node*/, const VoteOptions& options) {
  return Change{Change::NewCard{.card = TRY(read_card(TRY(read_letter(options.what))))}};
}

// What others have voted for already.
Result<Change> yes(Node& node, const VoteOptions& options) {
  const auto waiting = node.alliance().waiting_for_us();
  const OpenChange* found = nullptr;
  for (const OpenChange& open : waiting) {
    if (options.what.size() < digits_min || !to_hex(open.hash).starts_with(options.what)) continue;
    if (found != nullptr) return Error{Code::conflict, "these digits stand for several: give more of them"};
    found = &open;
  }
  if (found == nullptr) {
    return Error{Code::not_found, "nothing waits for our vote under \"" + options.what +
                                      "\": `fristad alliance status` tells what does, with its first digits"};
  }
  if (const auto* const admission = std::get_if<Change::Admit>(&found->change->what); admission != nullptr) {
    if (options.words.empty()) {
      return Error{Code::invalid_argument, "to admit \"" + admission->card.member +
                                               "\", say with --words which words you heard from them by voice"};
    }
    TRY(check_words(admission->card, options.words));
  }
  return *found->change;
}

Status vote(Node& node, const VoteOptions& options, MakeChange make, Env& env) {
  const Change change = TRY(make(node, options));
  TRY(node.alliance().vote(options.node.actor, change));
  const auto now = node.alliance().membership();
  const auto open = now->state ? std::ranges::find(now->state->waiting, change_hash(change), &OpenChange::hash)
                               : std::vector<OpenChange>::const_iterator();
  if (now->state && open != now->state->waiting.end()) {
    env.out.write("voted for: " + change_text(change) + "\n" + std::to_string(open->voters.size()) + " of " +
                  std::to_string(now->state->quorum) + " votes that it takes, as far as we have read\n");
  } else {
    env.out.write("voted for, and so it is: " + change_text(change) + "\n");
  }
  if (const auto* const admission = std::get_if<Change::Admit>(&change.what); admission != nullptr) {
    env.out.write("conformance  " + conformance_text(admission->nonce, admission->conformance) + "\n");
  }
  return {};
}

struct VoteKind {
  const char* name;
  const char* about;
  const char* takes;
  const char* takes_about;
  bool words;
  bool reason;
  MakeChange make;
};

constexpr std::array vote_kinds{
    VoteKind{"admit", "A candidate becomes a member", "FILE", "Its answer to the invitation", true, false, admit},
    VoteKind{"yes", "For what others have voted for", "DIGITS", "The first digits of it, as status shows them", true,
             false, yes},
    VoteKind{"suspend", "Nothing goes to a member or comes from it until that is lifted", "MEMBER", "Its code", false,
             true, suspend},
    VoteKind{"lift", "A suspended member is active again", "MEMBER", "Its code", false, false, lift},
    VoteKind{"expel", "A member has to go", "MEMBER", "Its code", false, true, expel},
    VoteKind{"remove", "A member goes that has said that it leaves", "MEMBER", "Its code", false, false, remove},
    VoteKind{"charter", "Another charter", "FILE", "Its text", false, false, charter},
    VoteKind{"card", "A member has another name, address or keys", "FILE", "Its new card", false, false, card},
};

}  // namespace

void add_alliance_vote(CLI::App& alliance, Run& run) {
  CLI::App* const votes = alliance.add_subcommand("vote", "Vote for a change; two thirds of the jurisdictions make it");
  votes->require_subcommand(1);
  votes->footer(std::string("Examples:\n"
                            "  fristad alliance vote admit answer-of-nz --words \"fusak-...\"\n"
                            "  fristad alliance vote yes 3f8a --words \"fusak-...\"\n"
                            "  fristad alliance vote suspend nz --reason \"asked for by themselves\"\n"
                            "\n") +
                exit_codes_text);
  for (const VoteKind& kind : vote_kinds) {
    const auto options = std::make_shared<VoteOptions>();
    CLI::App* const command = votes->add_subcommand(kind.name, kind.about);
    command->add_option(kind.takes, options->what, kind.takes_about)->required();
    if (kind.words) {
      CLI::Option* const words =
          command->add_option("--words", options->words, "The candidate's words, as you heard them by voice");
      if (std::string_view(kind.name) == "admit") words->required();
    }
    if (kind.reason) command->add_option("--reason", options->reason, "Why, for all members to read")->required();
    add_deciding_options(*command, options->node);
    command->footer(exit_codes_text);
    command->callback([options, make = kind.make, &run] {
      run = [options, make](Env& env) {
        return with_node(options->node, env, [&](Node& node) {
          const Status done = vote(node, *options, make, env);
          return done ? static_cast<int>(exit_done) : env.fail(done.error());
        });
      };
    });
  }
}

}  // namespace fristad
