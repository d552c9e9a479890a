#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/command_socket.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/server.h"
#include "cli/with_node.h"
#include "node/service.h"

namespace fristad {
namespace {

constexpr std::int64_t farewell_ms = 10'000;

struct ServeCommand {
  NodeOptions node;
  std::string config;
  std::optional<std::string> listen;
  std::optional<std::string> federation;
};

// What the configuration file says, and what the command line says instead.
Result<ServiceSettings> settings_of(const ServeCommand& options, const std::string& folder) {
  const std::string beside = folder + "/serve.json";
  const bool named = !options.config.empty();
  auto settings = ServiceSettings::read(named ? options.config : beside);
  if (!settings && !named && settings.error().code == Code::not_found) settings = ServiceSettings();
  if (!settings) return settings.error();
  if (options.listen) settings->listen = TRY(ListenAddress::parse(*options.listen));
  if (options.federation) {
    if (!settings->federation) settings->federation.emplace();
    settings->federation->listen = TRY(ListenAddress::parse(*options.federation));
  }
  return settings;
}

void write_service(const Service& service, const ServiceSettings& settings, Env& env) {
  const ListenAddress& listen = settings.listen;
  env.out.write(std::string("serves ") + (settings.certificate_file.empty() ? "http://" : "https://") +
                (listen.host.find(':') == std::string::npos ? listen.host : "[" + listen.host + "]") + ":" +
                std::to_string(service.port()) + "\n");
  if (service.federation_port() != 0) {
    env.out.write("serves other members on port " + std::to_string(service.federation_port()) + "\n");
  }
  if (service.hma_port() != 0) env.out.write("serves HMA clients on port " + std::to_string(service.hma_port()) + "\n");
}

// Each connection is a file descriptor: the common soft limit of 1,024 is for programs that use select().
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
}

// Until env.stop; without settings for commands alone.
int keep_open(const std::string& folder, const std::string& key_file, const ServiceSettings* settings, Env& env) {
  NodeOpen open{.folder = folder, .key_file = key_file};
  if (settings != nullptr) {
    open.rp_id = settings->rp_id();
    open.origins = settings->browser_origins();
  }
  auto node = Node::open(open, node_seams(env));
  if (!node) return env.fail(node.error());
  const Log log(env.clock, settings != nullptr ? settings->log_level : LogLevel::info, [&](std::string_view line) {
    BufferedWriter writer(env.err);
    writer.write(line);
    static_cast<void>(writer.flush());
  });
  // For people where people started it, and in the log's form where that is what is gathered.
  const auto tell = [&](std::string_view what, const Error& why) {
    if (settings == nullptr) {
      env.fail(what, why);
    } else {
      log.error("upkeep_failed", {{"what", what}, {"code", to_string(why.code)}});
    }
  };
  if (const Status status = (*node)->publish(); !status) tell("the logs weren't published", status.error());
  std::unique_ptr<Service> service;
  env.out.write("node " + escape_terminal((*node)->member()) + " is open: commands go to " +
                escape_terminal(node_socket_path(folder)) + "\n");
  if (settings != nullptr) {
    raise_file_limit();
    auto started = Service::start(**node, *settings, log, node_seams(env), env.cores);
    if (!started) return env.fail(started.error());
    service = *std::move(started);
    write_service(*service, *settings, env);
    log.info("started", {{"port", service->port()}});
  }
  static_cast<void>(env.out.flush());
  const auto each_minute = [&] {
    if (service) service->tend();
  };
  const auto left = serve(**node, env, run_program, {.each_minute = each_minute, .on_trouble = tell});
  if (service) service->stop(farewell_ms);
  if (!left) return env.fail(left.error());
  if (const Status status = (*node)->publish(); !status) tell("the logs weren't published", status.error());
  if (*left > 0) {
    // They still use the node, so it can't be taken down under them. What was acknowledged is on disk.
    if (const Status status = (*node)->material().save(); !status) tell("the index wasn't saved", status.error());
    env.say(with_commas(*left) + " commands didn't end within ten seconds and are left");
    _exit(exit_failed);
  }
  service.reset();
  node->reset();
  env.out.write("stopped\n");
  return exit_done;
}

// Gives the folder, unless a server has it open already.
Result<std::string> free_folder(const NodeOptions& options, const Env& env) {
  std::string folder = TRY(node_folder(options, env));
  const auto other = connect_to_server(node_socket_path(folder));
  if (!other && other.error().code != Code::permission_denied) return folder;
  return Error{Code::conflict, folder + ": a server runs on this node already: a node runs once"};
}

int run_without_network(const NodeOptions& options, Env& env) {
  const auto folder = free_folder(options, env);
  if (folder) return keep_open(*folder, options.key_file, nullptr, env);
  env.fail(folder.error());
  return folder.error().code == Code::invalid_argument ? exit_usage : exit_failed;
}

int run_serve(const ServeCommand& options, Env& env) {
  const auto folder = free_folder(options.node, env);
  if (!folder) {
    env.fail(folder.error());
    return folder.error().code == Code::invalid_argument ? exit_usage : exit_failed;
  }
  const auto settings = settings_of(options, *folder);
  if (settings) return keep_open(*folder, options.node.key_file, &*settings, env);
  env.fail(settings.error());
  return exit_usage;
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  const auto options = std::make_shared<ServeCommand>();
  CLI::App* const command = app.add_subcommand("serve", "Keep a node open and serve its HTTP API, until SIGTERM");
  command->add_option("DIR,--node", options->node.folder, "The node's folder; else that of FRISTAD_NODE");
  command->add_option("--key-file", options->node.key_file,
                      "The node's key, if it isn't where the node was made with it");
  command->add_option("--config", options->config, "The configuration; else serve.json in the node's folder, if there");
  command->add_option("--listen", options->listen, "Address and port, instead of the configuration's");
  command->add_option("--federation", options->federation,
                      "Address and port for other members' nodes, instead of the configuration's");
  command->footer(
      std::string("Example:\n"
                  "  fristad user add eva --role admin\n"
                  "  fristad serve /var/lib/fristad/se --listen 127.0.0.1:8340\n"
                  "\n"
                  "Other commands then go through the socket in the folder, to which root and the server's own user\n"
                  "have access. Without a certificate it listens on loopback alone. Its log goes to standard error.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_serve(*options, env); }; });
}

void add_node_run(CLI::App& node, Run& run) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* const command =
      node.add_subcommand("run", "Keep a node open for commands alone, without network, until SIGTERM");
  command->add_option("DIR,--node", options->folder, "The node's folder; else that of FRISTAD_NODE");
  command->add_option("--key-file", options->key_file, "The node's key, if it isn't where the node was made with it");
  command->footer(
      std::string("Example:\n"
                  "  fristad node run /var/lib/fristad/se\n"
                  "\n"
                  "Other commands then go through the socket in the folder, to which root and the server's own user\n"
                  "have access. Every minute the logs are published and the index is saved.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_without_network(*options, env); }; });
}

}  // namespace fristad
