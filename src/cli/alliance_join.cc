// How an alliance begins and grows: cards, founding, invitations, acceptance.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "alliance/alliance.h"
#include "alliance/fingerprint.h"
#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "cli/alliance_text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

struct CardOptions {
  NodeOptions node;
  CardDraft draft;
  std::string kind = "state";
};

struct FoundOptions {
  NodeOptions node;
  std::string name;
  std::string charter_file;
  std::vector<std::string> founders;
  std::vector<std::string> voting{"state"};
};

struct InviteOptions {
  NodeOptions node;
  std::string member;
  std::string kind = "state";
  std::string jurisdiction;
  std::int64_t days = 30;
};

struct AcceptOptions {
  CardOptions card;
  std::string letter;
  std::string words;
};

struct ReadOptions {
  std::string file;
};

Result<Card> card_in(const Node& node, const CardOptions& options) {
  CardDraft draft = options.draft;
  draft.kind = member_kind_from_text(options.kind).value_or(MemberKind::state);
  return node.card(draft);
}

int run_card(const CardOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto card = card_in(node, options);
    if (!card) return env.fail(card.error());
    env.out.write(to_text(*card) + "\n");
    return static_cast<int>(exit_done);
  });
}

Result<Founding> founding_in(const FoundOptions& options) {
  Founding founding;
  founding.name = options.name;
  founding.charter = TRY(read_file(options.charter_file, charter_bytes_max));
  founding.voting.clear();
  for (const std::string& kind : options.voting) {
    founding.voting.push_back(member_kind_from_text(kind).value_or(MemberKind::state));
  }
  std::ranges::sort(founding.voting);
  for (const std::string& file : options.founders) {
    auto card = read_card(TRY(read_letter(file)));
    if (!card) return Error{card.error().code, file + ": " + card.error().message};
    founding.founders.push_back(*std::move(card));
  }
  std::ranges::sort(founding.founders, {}, &Card::member);
  return founding;
}

Status found(Node& node, const FoundOptions& options, Env& env) {
  const Founding founding = TRY(founding_in(options));
  const AllianceId id = TRY(node.alliance().found(options.node.actor, founding));
  env.out.write("alliance  " + to_hex(id) + "\nwords     " + to_words(alliance_fingerprint(id)) + "\n\n");
  for (const Card& card : founding.founders) env.out.write(card_text(card) + "\n");
  env.out.write(
      "It begins when every founder has recorded the same: compare these words with each of them by voice.\n");
  return {};
}

Status invite(Node& node, const InviteOptions& options, Env& env) {
  Alliance::Candidate candidate;
  candidate.member = options.member;
  candidate.kind = member_kind_from_text(options.kind).value_or(MemberKind::state);
  candidate.jurisdiction = options.jurisdiction;
  candidate.expires_ms = env.clock.utc_ms() + options.days * day_ms;
  env.out.write(TRY(node.alliance().invite(options.node.actor, candidate)) + "\n");
  const Card own = TRY(node.own_card());
  env.say("send this letter to \"" + options.member + "\", and tell them our words by voice: " + words_of(own));
  return {};
}

Status accept(Node& node, const AcceptOptions& options, Env& env) {
  const std::string letter = TRY(read_letter(options.letter));
  const InvitationLetter read = TRY(read_invitation(letter));
  TRY(check_words(read.inviter, options.words));
  const Card card = TRY(card_in(node, options.card));
  env.out.write(TRY(node.accept(options.card.node.actor, letter, card)) + "\n");
  env.say("send this answer to \"" + read.inviter.member + "\", and tell them our words by voice: " + words_of(card));
  return {};
}

// What stands in a file that was handed over; it is checked, and nothing is recorded.
Status read_out(const ReadOptions& options, Env& env) {
  const std::string text = TRY(read_letter(options.file));
  if (const auto card = read_card(text)) {
    env.out.write("a card\n" + card_text(*card));
    return {};
  }
  if (const auto answer = read_acceptance(text)) {
    env.out.write("the answer to an invitation, by\n" + card_text(answer->card) + "conformance   " +
                  conformance_text(answer->nonce, answer->conformance) + "\n");
    return {};
  }
  const auto letter = read_invitation(text);
  if (!letter) {
    return Error{letter.error().code, options.file + " is no card, invitation or answer: " + letter.error().message};
  }
  env.out.write("an invitation for " + escape_terminal(letter->invitation.member) + ", by\n" +
                card_text(letter->inviter) + "\nto the alliance \"" + escape_terminal(letter->founding.name) +
                "\", whose charter is\n\n" + lines_text(letter->charter) + "\n");
  return {};
}

void add_card_options(CLI::App& command, CardOptions& options) {
  command.add_option("--name", options.draft.name, "Our name, for people")->required();
  command.add_option("--kind", options.kind, "What we are")
      ->check(CLI::IsMember({"state", "union", "body"}))
      ->capture_default_str();
  command.add_option("--jurisdiction", options.draft.jurisdiction, "Our country, in two capital letters");
  command.add_option("--address", options.draft.address, "Where other members' nodes reach ours: https://HOST:PORT")
      ->required();
  command.add_option("--remit", options.draft.remit, "What we do in the alliance")->capture_default_str();
}

void add_invite(CLI::App& alliance, Run& run) {
  const auto options = std::make_shared<InviteOptions>();
  CLI::App* const command = alliance.add_subcommand("invite", "Write the letter that invites a member");
  command->add_option("MEMBER", options->member, "The code that the candidate's node has")->required();
  command->add_option("--kind", options->kind, "What it is")
      ->check(CLI::IsMember({"state", "union", "body"}))
      ->capture_default_str();
  command->add_option("--jurisdiction", options->jurisdiction, "Its country, in two capital letters");
  command->add_option("--days", options->days, "How long it holds")->check(CLI::Range(1, 365))->capture_default_str();
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n"
                              "  fristad alliance invite nz --jurisdiction NZ > letter-to-nz\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] {
    run = [options](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status done = invite(node, *options, env);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
}

void add_accept(CLI::App& alliance, Run& run) {
  const auto options = std::make_shared<AcceptOptions>();
  CLI::App* const command = alliance.add_subcommand("accept", "Accept an invitation, after reading its charter");
  command->add_option("FILE", options->letter, "The letter; `fristad alliance read FILE` shows it")->required();
  command->add_option("--words", options->words, "The inviter's words, as you heard them by voice")->required();
  add_card_options(*command, options->card);
  add_deciding_options(*command, options->card.node);
  command->footer(std::string("Example:\n"
                              "  fristad alliance read letter\n"
                              "  fristad alliance accept letter --words \"lusab-babad-...\" --name \"New Zealand\""
                              " --jurisdiction NZ --address https://node.example.nz:8343 > answer\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] {
    run = [options](Env& env) {
      return with_node(options->card.node, env, [&](Node& node) {
        const Status done = accept(node, *options, env);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
}

}  // namespace

void add_alliance_join(CLI::App& alliance, Run& run) {
  const auto card = std::make_shared<CardOptions>();
  CLI::App* const card_command = alliance.add_subcommand("card", "Print our card, to be handed to others");
  add_card_options(*card_command, *card);
  add_node_options(*card_command, card->node);
  card_command->footer(std::string("Example:\n"
                                   "  fristad alliance card --name Sweden --jurisdiction SE"
                                   " --address https://node.example.se:8343 > se.card\n"
                                   "\n") +
                       exit_codes_text);
  card_command->callback([card, &run] { run = [card](Env& env) { return run_card(*card, env); }; });

  const auto read = std::make_shared<ReadOptions>();
  CLI::App* const read_command =
      alliance.add_subcommand("read", "Check a card, an invitation or an answer, and show what stands in it");
  read_command->add_option("FILE", read->file, "What was handed over")->required();
  read_command->footer(std::string("Example:\n  fristad alliance read letter\n\n") + exit_codes_text);
  read_command->callback([read, &run] {
    run = [read](Env& env) {
      const Status done = read_out(*read, env);
      return done ? static_cast<int>(exit_done) : env.fail(done.error());
    };
  });

  const auto founding = std::make_shared<FoundOptions>();
  CLI::App* const found_command = alliance.add_subcommand("found", "Found an alliance: each founder does the same");
  found_command->add_option("--name", founding->name, "The alliance's name, in the same words at each founder")
      ->required();
  found_command->add_option("--charter", founding->charter_file, "The text that all agree to")->required();
  found_command->add_option("--founder", founding->founders, "The card of a founder, ours too; once for each")
      ->required();
  found_command->add_option("--voting", founding->voting, "Which kinds of members vote")
      ->check(CLI::IsMember({"state", "union", "body"}))
      ->capture_default_str();
  add_deciding_options(*found_command, founding->node);
  found_command->footer(std::string("Example:\n"
                                    "  fristad alliance found --name \"Alliance\" --charter charter.txt"
                                    " --founder se.card --founder us.card\n"
                                    "\n") +
                        exit_codes_text);
  found_command->callback([founding, &run] {
    run = [founding](Env& env) {
      return with_node(founding->node, env, [&](Node& node) {
        const Status done = found(node, *founding, env);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
  add_invite(alliance, run);
  add_accept(alliance, run);
}

}  // namespace fristad
