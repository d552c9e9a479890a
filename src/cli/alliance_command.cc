// What belongs to us in the alliance: who reads our lists, the brake, leaving; and how everything stands.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "alliance/alliance.h"
#include "alliance/fingerprint.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/utc_text.h"
#include "cli/alliance_text.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "federation/ledger.h"
#include "federation/reader.h"
#include "record/exchange.h"

namespace fristad {
namespace {

constexpr std::size_t digits_shown = 12;

struct StatusOptions {
  NodeOptions node;
  bool json = false;
};

struct ReadersOptions {
  NodeOptions node;
  std::string list;
  std::vector<std::string> readers;
};

struct MemberOptions {
  NodeOptions node;
  std::string member;
  std::string reason;
};

// ---- How it stands ----

// What a row of the table is made of.
struct Row {
  std::string member;
  const AllianceMember* known = nullptr;  // nullptr before the alliance exists
  PeerRow peer = {};
  std::uint64_t size = 0;
  std::uint64_t cosigned = 0;
  std::size_t quarantined = 0;
  bool muted = false;
};

Result<std::vector<Row>> rows_of(Node& node, const Membership& now) {
  std::vector<Row> rows;
  const auto quarantined = TRY(node.journal().quarantined());
  const auto add = [&](const std::string& member, const AllianceMember* known) -> Status {
    Row row;
    row.member = member;
    row.known = known;
    row.peer = TRY(node.ledger().peer(member));
    if (const auto log = node.journal().known_log(member)) row.size = log->head.size;
    if (member == node.member()) row.size = node.journal().head(shared_log).size;
    row.cosigned = node.reader().cosigned(member);
    row.quarantined = static_cast<std::size_t>(std::ranges::count(quarantined, member, &Quarantined::member));
    row.muted = now.muted.contains(member);
    rows.push_back(std::move(row));
    return {};
  };
  if (now.state) {
    for (const auto& [code, member] : now.state->members) TRY(add(code, &member));
  } else if (now.founding != nullptr) {
    for (const Card& card : now.founding->founders) TRY(add(card.member, nullptr));
  } else if (now.alliance) {
    const auto introduced = TRY(node.ledger().introduced());
    for (const Card& card : introduced) TRY(add(card.member, nullptr));
  }
  return rows;
}

std::string row_text(const Row& row, std::string_view own) {
  std::string text = escape_terminal(row.member) + "\t";
  text += row.known != nullptr ? std::string(to_text(row.known->card.kind)) : "-";
  text += "\t" + (row.known != nullptr ? std::string(to_text(row.known->standing)) : "asked") + "\t";
  if (row.member == own) return text + "this node\t" + std::to_string(row.size) + " records\n";
  text += row.peer.contact_ms == 0 ? "never" : utc_text(row.peer.contact_ms);
  text += "\t" + std::to_string(row.size) + " records, cosigned to " + std::to_string(row.cosigned);
  if (row.muted) text += ", muted";
  if (row.quarantined > 0) text += ", " + std::to_string(row.quarantined) + " refused";
  if (!row.peer.trouble.empty()) text += "\t" + escape_terminal(row.peer.trouble);
  return text + "\n";
}

void write_row(JsonWriter& json, const Row& row, std::string_view own) {
  json.begin_object().member("member", row.member);
  if (row.known != nullptr) {
    json.member("name", row.known->card.name).member("kind", to_text(row.known->card.kind));
    json.member("jurisdiction", row.known->card.jurisdiction).member("standing", to_text(row.known->standing));
    json.member("address", row.known->card.address).member("words", words_of(row.known->card));
  }
  json.member("own", row.member == own).member("muted", row.muted).member("contact_at", row.peer.contact_ms);
  json.member("heard_at", row.peer.heard_ms).member("records", row.size).member("read_to", row.peer.read_to);
  json.member("cosigned", row.cosigned).member("cosigned_at", row.peer.cosigned_ms);
  json.member("cosigners", row.peer.cosigners).member("refused", row.quarantined);
  json.member("trouble", row.peer.trouble).member("trouble_since", row.peer.trouble_ms).end_object();
}

void write_change(JsonWriter& json, const OpenChange& open) {
  json.begin_object().member("digits", to_hex(open.hash)).member("what", open.change->word());
  json.member("about", open.change->about()).member("round", open.round);
  json.key("voters").begin_array();
  for (const std::string& voter : open.voters) json.value(voter);
  json.end_array().end_object();
}

// What only this node knows of itself.
struct Own {
  std::string_view member;
  std::string held;
  std::optional<Node::WaitingKeys> waiting;
  std::int64_t clock_offset_ms = 0;
};

std::string status_json(const Membership& now, const std::vector<Row>& rows, const std::vector<OpenChange>& waiting,
                        const std::vector<Evidence>& evidence, const Own& own) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("alliance", now.alliance ? to_hex(*now.alliance) : "");
  json.member("name", now.state ? now.state->name : "").member("exists", now.state.has_value());
  json.member("epoch", now.state ? now.state->epoch : 0).member("quorum", now.state ? now.state->quorum : 0);
  json.member("charter", now.state ? now.state->charter : "").member("split", now.state && now.state->split);
  json.member("held", own.held).member("clock_offset_ms", own.clock_offset_ms).key("new_keys");
  if (own.waiting) {
    json.begin_object().member("room", own.waiting->room).end_object();
  } else {
    json.value(nullptr);
  }
  json.key("missing").begin_array();
  for (const std::string& founder : now.missing) json.value(founder);
  json.end_array().key("members").begin_array();
  for (const Row& row : rows) write_row(json, row, own.member);
  json.end_array().key("waiting").begin_array();
  for (const OpenChange& open : waiting) write_change(json, open);
  json.end_array().key("two_faced").begin_array();
  for (const Evidence& one : evidence) json.value(one.member);
  json.end_array().end_object();
  return line + "\n";
}

std::string status_text(const Membership& now, const std::vector<Row>& rows, const std::vector<OpenChange>& waiting,
                        const std::vector<Evidence>& evidence, const Own& own) {
  if (!now.alliance) return "this node belongs to no alliance\n";
  std::string text = "alliance  " + to_words(alliance_fingerprint(*now.alliance)) + "\n";
  if (now.state) {
    text += "name      " + escape_terminal(now.state->name) + "\n";
    text += "epoch     " + std::to_string(now.state->epoch) + "; " + std::to_string(now.state->quorum) + " of " +
            std::to_string(now.state->jurisdictions) + " jurisdictions make the next\n";
    if (now.state->split) text += "SPLIT     more than one change has won from one epoch: a third or more have lied\n";
  } else if (now.founding == nullptr) {
    text += "waits     for those who invited us: they have not admitted us yet, or we have not read it\n";
  }
  if (!own.held.empty()) text += "HELD      " + escape_terminal(own.held) + "\n";
  if (std::abs(own.clock_offset_ms) > clock_doubtful_ms) {
    text += "CLOCK     ours is " + std::to_string(std::abs(own.clock_offset_ms) / 60'000) + " minutes " +
            (own.clock_offset_ms > 0 ? "behind" : "ahead of") + " that of most others: put it right" +
            (std::abs(own.clock_offset_ms) > clock_wrong_ms ? "; until then they read nothing new of us\n" : "\n");
  }
  if (own.waiting) {
    text += "new keys  wait until two thirds have voted for them; until then " + std::to_string(own.waiting->room) +
            " records can be written\n";
  }
  for (const std::string& founder : now.missing)
    text += "waits     for " + escape_terminal(founder) + " to found it too\n";
  for (const Evidence& one : evidence) {
    text += "TWO-FACED " + escape_terminal(one.member) + " has signed two histories of its log, found on " +
            utc_text(one.at_ms) + ": tell the other members\n";
  }
  text += "\n";
  for (const Row& row : rows) text += row_text(row, own.member);
  if (!waiting.empty()) text += "\nwaits for our vote:\n";
  for (const OpenChange& open : waiting) {
    if (const auto* const charter = std::get_if<Change::Charter>(&open.change->what); charter != nullptr) {
      text += lines_text(charter->text);
    }
    text += to_hex(open.hash).substr(0, digits_shown) + "\t" + change_text(*open.change) + "\tso far:";
    for (const std::string& voter : open.voters) text += " " + escape_terminal(voter);
    text += "\n";
    if (const auto* const admit = std::get_if<Change::Admit>(&open.change->what); admit != nullptr) {
      text += "\tconformance  " + conformance_text(admit->nonce, admit->conformance) + "\n";
    }
  }
  return text;
}

int run_status(const StatusOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto now = node.alliance().membership();
    const auto rows = rows_of(node, *now);
    if (!rows) return env.fail(rows.error());
    const auto evidence = node.ledger().evidence();
    if (!evidence) return env.fail(evidence.error());
    const auto tell = options.json ? status_json : status_text;
    const Own own{.member = node.member(),
                  .held = node.journal().shared_held(),
                  .waiting = node.waiting_keys(),
                  .clock_offset_ms = node.reader().clock_offset_ms()};
    env.out.write(tell(*now, *rows, node.alliance().waiting_for_us(), *evidence, own));
    return static_cast<int>(exit_done);
  });
}

int run_erasures(const StatusOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto all = node.erasure_confirmations();
    if (!all) return env.fail(all.error());
    for (const ErasureConfirmation& one : *all) {
      std::string line;
      if (options.json) {
        JsonWriter json(line);
        json.begin_object().member("record", one.position).member("at", one.at_ms);
        for (const auto& [name, members] : {std::pair("confirmed", &one.confirmed), std::pair("open", &one.open)}) {
          json.key(name).begin_array();
          for (const std::string& member : *members) json.value(member);
          json.end_array();
        }
        json.end_object();
      } else {
        line = std::to_string(one.position) + "\t" + utc_text(one.at_ms) + "\tconfirmed:";
        for (const std::string& member : one.confirmed) line += " " + escape_terminal(member);
        line += "\topen:";
        for (const std::string& member : one.open) line += " " + escape_terminal(member);
      }
      env.out.write(line + "\n");
    }
    return static_cast<int>(exit_done);
  });
}

int run_evidence(const StatusOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto all = node.ledger().evidence();
    if (!all) return env.fail(all.error());
    for (const Evidence& one : *all) {
      if (options.json) {
        std::string line;
        JsonWriter json(line);
        json.begin_object().member("member", one.member).member("at", one.at_ms);
        json.member("known", one.known).member("other", one.other).end_object();
        env.out.write(line + "\n");
      } else {
        env.out.write("# " + escape_terminal(one.member) + " has signed both, found on " + utc_text(one.at_ms) + "\n" +
                      lines_text(one.known) + "\n" + lines_text(one.other) + "\n");
      }
    }
    return static_cast<int>(exit_done);
  });
}

int run_refused(const StatusOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto refused = node.journal().quarantined();
    if (!refused) return env.fail(refused.error());
    const auto withheld = node.journal().withheld();
    if (!withheld) return env.fail(withheld.error());
    for (const auto* const some : {&*refused, &*withheld}) {
      for (const Quarantined& one : *some) {
        std::string line =
            escape_terminal(one.member) + "\t" + std::to_string(one.position) + "\t" + escape_terminal(one.why);
        if (options.json) {
          line.clear();
          JsonWriter json(line);
          json.begin_object().member("member", one.member).member("record", one.position);
          json.member("why", one.why).end_object();
        }
        env.out.write(line + "\n");
      }
    }
    return static_cast<int>(exit_done);
  });
}

// ---- What is ours ----

using Decides = Status (*)(Node& node, const MemberOptions& options);

Status mute(Node& node, const MemberOptions& options) {
  return node.alliance().mute(options.node.actor, options.member, true, options.reason);
}
Status unmute(Node& node, const MemberOptions& options) {
  return node.alliance().mute(options.node.actor, options.member, false, options.reason);
}
Status leave(Node& node, const MemberOptions& options) {
  return node.leave(options.node.actor, options.reason);
}

void add_reasoned(CLI::App& alliance, Run& run, const char* name, const char* about, bool member, Decides decide) {
  const auto options = std::make_shared<MemberOptions>();
  CLI::App* const command = alliance.add_subcommand(name, about);
  if (member) command->add_option("MEMBER", options->member, "Its code")->required();
  command->add_option("--reason", options->reason, "Why")->required();
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad alliance ") + name + (member ? " nz" : "") +
                  " --reason \"...\"\n\n" + exit_codes_text);
  command->callback([options, decide, &run] {
    run = [options, decide](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status done = decide(node, *options);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
}

using Shares = Status (Node::*)(const By& by, const ListId& list, std::span<const std::string> readers);

void add_readers(CLI::App& alliance, Run& run, const char* name, const char* about, Shares share) {
  const auto options = std::make_shared<ReadersOptions>();
  CLI::App* const command = alliance.add_subcommand(name, about);
  command->add_option("LIST", options->list, list_names_text)->required();
  command->add_option("READER", options->readers, "Members' codes, or `all` for the whole alliance")->required();
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad alliance ") + name + " \"Known\" us nz\n\n" + exit_codes_text);
  command->callback([options, share, &run] {
    run = [options, share](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const auto list = choose_list(node.material(), options->list);
        if (!list) return env.fail(list.error());
        std::vector<std::string> readers = options->readers;
        std::ranges::replace(readers, "all", std::string(whole_alliance));
        const Status done = (node.*share)(options->node.actor, list->id, readers);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });
}

void add_listing(CLI::App& alliance, Run& run, const char* name, const char* about,
                 int (*tell)(const StatusOptions& options, Env& env)) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* const command = alliance.add_subcommand(name, about);
  command->add_flag("--json", options->json, "As JSON, in lines");
  add_node_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad alliance ") + name + "\n\n" + exit_codes_text);
  command->callback([options, tell, &run] { run = [options, tell](Env& env) { return tell(*options, env); }; });
}

}  // namespace

void add_alliance(CLI::App& app, Run& run) {
  CLI::App* const alliance = app.add_subcommand("alliance", "Found or join an alliance, vote, share lists, mute");
  alliance->require_subcommand(1);
  alliance->footer(std::string("Example:\n"
                               "  fristad alliance status\n"
                               "  fristad alliance grant \"Known\" us nz\n"
                               "\n") +
                   exit_codes_text);
  add_listing(*alliance, run, "status", "Who belongs to it, how it goes with each, what waits for our vote",
              run_status);
  add_alliance_join(*alliance, run);
  add_alliance_vote(*alliance, run);
  add_alliance_rotate(*alliance, run);
  add_alliance_recover(*alliance, run);
  add_alliance_audit(*alliance, run);
  add_readers(*alliance, run, "grant", "Let members read one of our lists, from its beginning", &Node::share);
  add_readers(*alliance, run, "withdraw", "Let members read a list of ours no more", &Node::stop_sharing);
  add_reasoned(*alliance, run, "mute", "The brake: at once, and here alone, a member counts for nothing", true, mute);
  add_reasoned(*alliance, run, "unmute", "Take the brake off", true, unmute);
  add_listing(*alliance, run, "erasures", "Who has confirmed that what we erased is gone", run_erasures);
  add_listing(*alliance, run, "refused", "Records of others that we took over and couldn't use, and why", run_refused);
  add_listing(*alliance, run, "evidence", "Heads that a member has signed which can't both be true", run_evidence);
  add_reasoned(*alliance, run, "leave", "Say that we leave; the others then vote to remove us", false, leave);
}

}  // namespace fristad
