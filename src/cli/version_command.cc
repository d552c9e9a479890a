#include <hwy/highway.h>
#include <libdeflate.h>
#include <openssl/crypto.h>
#include <png.h>
#include <seccomp.h>
#include <simdjson.h>
#include <sodium.h>
#include <xxhash.h>
#include <CLI/Version.hpp>

// jpeglib.h needs FILE to be declared before it.
#include <jpeglib.h>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "fristad/kernel.h"

#define FRISTAD_TEXT_OF(x) #x
#define FRISTAD_TEXT(x) FRISTAD_TEXT_OF(x)

namespace fristad {
namespace {

// Of shared libraries the version that runs, where they can tell.
std::vector<std::pair<std::string, std::string>> libraries() {
  const auto dotted = [](auto... parts) {
    std::string text;
    ((text += (text.empty() ? "" : ".") + std::to_string(parts)), ...);
    return text;
  };
  const unsigned xxhash = XXH_versionNumber();
  const scmp_version* const seccomp = seccomp_version();
  return {
      {"CLI11", CLI11_VERSION},
      {"Highway", dotted(HWY_MAJOR, HWY_MINOR, HWY_PATCH)},
      {"libdeflate", LIBDEFLATE_VERSION_STRING},
      {"libjpeg-turbo", FRISTAD_TEXT(LIBJPEG_TURBO_VERSION)},
      {"libpng", png_get_libpng_ver(nullptr)},
      {"libseccomp", dotted(seccomp->major, seccomp->minor, seccomp->micro)},
      {"libsodium", sodium_version_string()},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
      {"simdjson", FRISTAD_TEXT(SIMDJSON_VERSION)},
      {"xxHash", dotted(xxhash / 10000, xxhash / 100 % 100, xxhash % 100)},
  };
}

int run_version(bool as_json, Env& env) {
  if (!as_json) {
    env.out.write("fristad " FRISTAD_VERSION "\nkernel " + std::string(kernel_name()) + " (available:");
    for (const std::string_view name : kernel_names()) env.out.write(" " + std::string(name));
    env.out.write(")\nlibraries:\n");
    for (const auto& [name, version] : libraries()) env.out.write("  " + name + " " + version + "\n");
    return exit_done;
  }
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("version", FRISTAD_VERSION).member("kernel", kernel_name());
  json.key("kernels").begin_array();
  for (const std::string_view name : kernel_names()) json.value(name);
  json.end_array().key("libraries").begin_object();
  for (const auto& [name, version] : libraries()) json.member(name, version);
  json.end_object().end_object();
  env.out.write(line + "\n");
  return exit_done;
}

}  // namespace

void add_version(CLI::App& app, Run& run) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand("version", "Tell the version, the kernel that runs and the libraries");
  command->add_flag("--json", *json, "As one line of JSON");
  command->footer(std::string("Example: which kernel would run if this processor had no AVX\n"
                              "  FRISTAD_KERNEL=scalar fristad version\n"
                              "\n") +
                  exit_codes_text);
  command->callback([json, &run] { run = [json](Env& env) { return run_version(*json, env); }; });
}

}  // namespace fristad
