#include "node/node_settings.h"

#include <filesystem>

#include "alliance/alliance.h"
#include "api/api.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/key_file.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/base64.h"
#include "federation/ledger.h"

namespace fristad {
namespace {

constexpr std::size_t settings_bytes_max = 65'536;
constexpr int settings_version = 1;

std::filesystem::path resolved(const std::string& path) {
  std::error_code error;
  auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  return error ? std::filesystem::path(path) : whole;
}

}  // namespace

std::string NodeSettings::text() const {
  Json::Array listed;
  for (const std::string& statement : statements) listed.emplace_back(statement);
  return canonical(Json::object({{"key_file", key_file},
                                 {"member", member},
                                 {"postgres", postgres},
                                 {"root_key", to_base64(root_key)},
                                 {"statements", std::move(listed)},
                                 {"version", settings_version}})) +
         "\n";
}

Result<NodeSettings> NodeSettings::parse(const std::string& text) {
  const Error damaged{Code::damaged, "node.json isn't as this program writes it: restore it from a backup"};
  const auto json = parse_json(text, {});
  if (!json) return damaged;
  const auto member_text = [&](std::string_view name) -> const std::string* {
    const Json* const value = json->find(name);
    return value == nullptr ? nullptr : value->text();
  };
  const Json* const version = json->find("version");
  if (version == nullptr || version->integer() == nullptr) return damaged;
  if (*version->integer() > settings_version) {
    return Error{Code::unsupported, "a newer program made this node: use that one"};
  }
  NodeSettings settings;
  for (const auto& [name, to] : {std::pair("member", &settings.member), std::pair("key_file", &settings.key_file),
                                 std::pair("postgres", &settings.postgres)}) {
    const std::string* const member = member_text(name);
    if (member == nullptr) return damaged;
    *to = *member;
  }
  const std::string* const root = member_text("root_key");
  const auto root_key = root == nullptr ? std::nullopt : array_from_base64<32>(*root);
  if (!root_key) return damaged;
  settings.root_key = *root_key;
  const Json* const statements = json->find("statements");
  if (statements == nullptr || statements->array() == nullptr) return damaged;
  for (const Json& statement : *statements->array()) {
    if (statement.text() == nullptr) return damaged;
    settings.statements.push_back(*statement.text());
  }
  return settings;
}

Result<NodeSettings> read_settings(const std::string& folder) {
  const auto text = read_file(folder + "/node.json", settings_bytes_max);
  if (!text && text.error().code == Code::not_found) {
    return Error{Code::not_found, folder + " holds no node: make one with fristad node init"};
  }
  return NodeSettings::parse(TRY(text));
}

Status write_settings(const std::string& folder, const NodeSettings& settings) {
  // The connection string may hold a password.
  return write_file(folder + "/node.json", settings.text(), FileAccess::owner_only, FileExists::replace);
}

Status check_outside(const std::string& folder, const std::string& path, std::string_view what) {
  const std::filesystem::path inside = resolved(folder);
  const std::filesystem::path outside = resolved(path);
  const auto [end, ignored] = std::mismatch(inside.begin(), inside.end(), outside.begin(), outside.end());
  if (end != inside.end()) return {};
  return Error{Code::invalid_argument, std::string(what) +
                                           " must not lie in the folder of the node: who takes a copy of "
                                           "the folder would have it too"};
}

std::string credential_path(const NodeSettings& settings, const NodeOpen& open, const NodeSeams& seams) {
  if (!open.key_file.empty()) return open.key_file;
  if (!seams.credentials_folder.empty()) {
    const std::string given = seams.credentials_folder + "/fristad-node-key";
    std::error_code error;
    if (std::filesystem::exists(given, error)) return given;
  }
  return settings.key_file;
}

Result<Key> read_credential(const NodeSettings& settings, const NodeOpen& open, const NodeSeams& seams) {
  const std::string path = credential_path(settings, open, seams);
  TRY(check_outside(open.folder, path, "the key file"));
  auto bytes = TRY(read_key_file(path));
  const Key key{std::span<const std::uint8_t, 32>(bytes)};
  wipe(bytes);
  return key.copy();
}

StoreOptions store_options(const std::string& folder, const NodeSettings& settings, bool read_only) {
  StoreOptions options{.read_only = read_only};
  if (settings.postgres.empty()) {
    options.sqlite_path = folder + "/node.db";
  } else {
    options.postgres = settings.postgres;
  }
  return options;
}

const Kinds& node_kinds() {
  static const Kinds kinds(
      {&journal_view(), &material_view(), &people_view(), &api_view(), &alliance_view(), &federation_view()});
  return kinds;
}

}  // namespace fristad
