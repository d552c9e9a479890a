#pragma once

// node.json, and how the credential of a node is found.
//
// Thread-safety: plain values; any thread.

#include <string>

#include "crypto/secret.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "node/node.h"
#include "store/store.h"

namespace fristad {

struct NodeSettings {
  std::string member;
  std::string key_file;  // absolute
  std::string postgres;  // empty: SQLite
  PublicKey root_key{};
  std::vector<std::string> statements;  // of the root key, about the node's keys

  std::string text() const;
  static Result<NodeSettings> parse(const std::string& text);
};

Result<NodeSettings> read_settings(const std::string& folder);
Status write_settings(const std::string& folder, const NodeSettings& settings);

// Refuses a path that lies in the folder: a key beside what it opens is no key. Both are resolved as far as they exist.
Status check_outside(const std::string& folder, const std::string& path, std::string_view what);

// Errors: not_found, permission_denied (others may read it), damaged.
Result<Key> read_credential(const NodeSettings& settings, const NodeOpen& open, const NodeSeams& seams);
// Where read_credential() looks.
std::string credential_path(const NodeSettings& settings, const NodeOpen& open, const NodeSeams& seams);

StoreOptions store_options(const std::string& folder, const NodeSettings& settings, bool read_only = false);

// The kinds of records that a node knows.
const Kinds& node_kinds();

}  // namespace fristad
