#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/options.h"
#include "cli/subscription_text.h"
#include "cli/with_node.h"
#include "material/entry_json.h"

namespace fristad {
namespace {

struct CreateOptions {
  NodeOptions node;
  ListBody body;
  std::string purpose = "match";
};

struct SetOptions {
  NodeOptions node;
  std::string list;
  std::optional<std::string> title;
  std::optional<int> limit;
  std::optional<std::string> handling;
  std::optional<std::string> state;
};

struct ShowOptions {
  NodeOptions node;
  std::string list;
  bool entries = false;
  bool json = false;
};

int run_create(const CreateOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    ListBody body = options.body;
    body.purpose = from_text<Purpose>(options.purpose).value_or(Purpose::match);
    const auto id = node.material().create_list(options.node.actor, body);
    if (!id) return env.fail(id.error());
    env.out.write(to_text(*id) + "\n");
    return static_cast<int>(exit_done);
  });
}

Status set(Node& node, const SetOptions& options) {
  const ListInfo list = TRY(choose_list(node.material(), options.list));
  return node.material().revise_list(options.node.actor, list.id, [&](ListBody& body) -> Status {
    body.title = options.title.value_or(body.title);
    body.limit = options.limit.value_or(body.limit);
    body.handling = options.handling.value_or(body.handling);
    if (options.state) body.state = from_text<ListState>(*options.state).value_or(body.state);
    return {};
  });
}

int run_set(const SetOptions& options, Env& env) {
  if (!options.title && !options.limit && !options.handling && !options.state) {
    env.say("say what to change: --title, --limit, --handling or --state");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    const Status status = set(node, options);
    return status ? exit_done : env.fail(status.error());
  });
}

void write_list_json(JsonWriter& json, const ListInfo& list) {
  json.member("id", to_text(list.id)).member("title", list.body.title);
  json.member("purpose", to_text(list.body.purpose)).member("state", to_text(list.body.state));
  json.member("handling", list.body.handling).member("limit", list.body.limit).member("own", list.own);
  json.member("revision", list.revision).member("entries", list.entries).member("withdrawn", list.withdrawn);
  json.member("member", list.member);
  if (!list.own) write_subscription(json, list.subscription);
}

std::string list_line(const ListInfo& list) {
  return to_text(list.id) + "\t" + std::string(to_text(list.body.purpose)) + "\t" +
         std::string(to_text(list.body.state)) + "\t" + std::to_string(list.entries) + "\t" +
         std::to_string(list.withdrawn) + "\t" + escape_terminal(list.body.handling) + "\t" +
         escape_terminal(list.body.title) + "\n";
}

std::string list_text(const ListInfo& list) {
  std::string text = "id        " + to_text(list.id) + "\n";
  text += "title     " + escape_terminal(list.body.title) + "\n";
  text += "purpose   " + std::string(to_text(list.body.purpose)) + "\n";
  text += "state     " + std::string(to_text(list.body.state)) + "\n";
  text += "handling  " + escape_terminal(list.body.handling) + "\n";
  text += "limit     " + std::to_string(list.body.limit) + " bits\n";
  text += "owner     " + (list.own ? "this node" : "member " + escape_terminal(list.member)) + "\n";
  if (!list.own) text += "taken     " + subscription_text(list.subscription) + "\n";
  text += "revision  " + std::to_string(list.revision) + "\n";
  text += "entries   " + with_commas(static_cast<std::uint64_t>(list.entries)) + ", of these withdrawn " +
          with_commas(static_cast<std::uint64_t>(list.withdrawn)) + "\n";
  return text;
}

std::string entry_line(const EntryView& entry) {
  const EntryBody& body = entry.body;
  std::string kinds;
  const auto add = [&](bool there, const char* kind) {
    if (there) kinds += (kinds.empty() ? "" : ",") + std::string(kind);
  };
  add(body.pdq.has_value(), "pdq");
  add(body.md5.has_value(), "md5");
  add(body.sha1.has_value(), "sha1");
  add(body.sha256.has_value(), "sha256");
  return std::to_string(entry.number) + "\t" + kinds + "\t" + std::string(to_text(body.classification)) + "\t" +
         escape_terminal(body.id) + "\t" + escape_terminal(body.note) + "\t" +
         (entry.withdrawn ? "withdrawn: " + escape_terminal(entry.reason) : "") + "\n";
}

Status show_one(const Material& material, const ShowOptions& options, Env& env) {
  const ListInfo list = TRY(choose_list(material, options.list));
  if (!options.entries) {
    std::string line;
    if (!options.json) {
      line = list_text(list);
    } else {
      JsonWriter json(line);
      json.begin_object();
      write_list_json(json, list);
      json.end_object();
      line += "\n";
    }
    env.out.write(line);
    return {};
  }
  return material.for_each_entry(list.id, [&](const EntryView& entry) -> Status {
    if (env.stop.load()) return Error{Code::cancelled, "stopped on request"};
    std::string line;
    if (options.json) {
      JsonWriter json(line);
      write_entry(json, entry);
      line += "\n";
    } else {
      line = entry_line(entry);
    }
    env.out.write(line);
    return env.out.status();
  });
}

Status show_all(const Material& material, const ShowOptions& options, Env& env) {
  for (const ListInfo& list : TRY(material.lists())) {
    std::string line;
    if (options.json) {
      JsonWriter json(line);
      json.begin_object();
      write_list_json(json, list);
      json.end_object();
      line += "\n";
    } else {
      line = list_line(list);
    }
    env.out.write(line);
  }
  return {};
}

int run_show(const ShowOptions& options, Env& env) {
  if (options.entries && options.list.empty()) {
    env.say("--entries shows those of one list: name it");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    const Status status =
        options.list.empty() ? show_all(node.material(), options, env) : show_one(node.material(), options, env);
    if (!env.out.status()) return static_cast<int>(exit_failed);  // Env::finish says why
    return status ? exit_done : env.fail(status.error());
  });
}

CLI::Option* add_limit_option(CLI::App& command, int& limit) {
  return command.add_option("--limit", limit, "PDQ hashes of this list match up to so many different bits")
      ->check(CLI::Range(0, limit_default));
}

const CLI::IsMember& handlings() {
  static const CLI::IsMember members({"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"});
  return members;
}

}  // namespace

void add_list(CLI::App& app, Run& run) {
  CLI::App* const list = app.add_subcommand("list", "Lists of known material in a node");
  list->require_subcommand(1);
  list->footer(std::string("Example:\n"
                           "  fristad list create Known\n"
                           "  fristad list import Known known.csv\n"
                           "  fristad list show\n"
                           "\n") +
               exit_codes_text);

  const auto create = std::make_shared<CreateOptions>();
  CLI::App* const create_command = list->add_subcommand("create", "Make a list and print its id");
  create_command->add_option("TITLE", create->body.title, "What it is called")->required();
  create_command
      ->add_option("--purpose", create->purpose, "match: find what is in it; allow: don't take that for found")
      ->check(CLI::IsMember({"match", "allow"}))
      ->capture_default_str();
  add_limit_option(*create_command, create->body.limit)->capture_default_str();
  create_command->add_option("--handling", create->body.handling, "Who may get it, by the Traffic Light Protocol 2.0")
      ->check(handlings())
      ->capture_default_str();
  add_deciding_options(*create_command, create->node);
  create_command->footer(std::string("Example:\n  fristad list create \"Known, reviewed\" --handling TLP:RED\n\n") +
                         exit_codes_text);
  create_command->callback([create, &run] { run = [create](Env& env) { return run_create(*create, env); }; });

  const auto show = std::make_shared<ShowOptions>();
  CLI::App* const show_command = list->add_subcommand("show", "Show all lists, or one");
  show_command->add_option("LIST", show->list, list_names_text);
  show_command->add_flag("--entries", show->entries, "The entries of the list, without their hashes; all with --json");
  show_command->add_flag("--json", show->json, "One line of JSON for each");
  add_node_options(*show_command, show->node);
  show_command->footer(
      std::string(
          "Example:\n"
          "  fristad list show Known --entries\n"
          "\n"
          "Prints for each list, separated by tabs: id, purpose, state, entries, withdrawn, handling, title; for\n"
          "each entry: number, kinds of hashes, classification, id, note, withdrawal.\n"
          "\n") +
      exit_codes_text);
  show_command->callback([show, &run] { run = [show](Env& env) { return run_show(*show, env); }; });

  const auto change = std::make_shared<SetOptions>();
  CLI::App* const set_command = list->add_subcommand("set", "Change what a list is called and how it is used");
  set_command->add_option("LIST", change->list, list_names_text)->required();
  set_command->add_option("--title", change->title, "What it is called");
  set_command->add_option("--limit", change->limit, "PDQ hashes of this list match up to so many different bits")
      ->check(CLI::Range(0, limit_default));
  set_command->add_option("--handling", change->handling, "Who may get it, by the Traffic Light Protocol 2.0")
      ->check(handlings());
  set_command->add_option("--state", change->state, "disabled: nothing in it matches")
      ->check(CLI::IsMember({"enabled", "disabled"}));
  add_deciding_options(*set_command, change->node);
  set_command->footer(std::string("Example:\n  fristad list set Known --state disabled\n\n") + exit_codes_text);
  set_command->callback([change, &run] { run = [change](Env& env) { return run_set(*change, env); }; });

  add_list_import(*list, run);
  add_list_export(*list, run);
  add_list_entries(*list, run);
  add_list_subscribe(*list, run);
}

}  // namespace fristad
