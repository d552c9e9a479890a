#include "node/node_keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.h"
#include "base/json.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/seal.h"

namespace fristad {
namespace {

constexpr std::size_t sealed_bytes_max = 65'536;
constexpr std::string_view place = "fristad node keys 1";

template <class Keys, class Use>
void for_each_key(Keys& keys, const Use& use) {
  use("data", keys.data);
  use("index", keys.index);
  use("log", keys.log);
  use("record", keys.record);
  use("tls", keys.tls);
  use("witness", keys.witness);
}

}  // namespace

Result<NodeKeys> NodeKeys::generate(const Random& random) {
  NodeKeys keys;
  Status filled;
  for_each_key(keys, [&](const char*, Key& key) {
    if (filled) filled = random(key.bytes());
  });
  TRY(std::move(filled));
  return keys;
}

std::string NodeKeys::text() const {
  std::string text = "{";
  for_each_key(*this, [&](const char* name, const Key& key) {
    std::string digits = to_hex(key.bytes());
    text += (text.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":\"" + digits + "\"";
    wipe(digits);
  });
  return text + "}";
}

Result<NodeKeys> NodeKeys::parse(std::string_view text) {
  const auto json = parse_canonical(text, {});
  NodeKeys keys;
  bool good = json.has_value();
  for_each_key(keys, [&](const char* name, Key& key) {
    const Json* const member = good ? json->find(name) : nullptr;
    good = member != nullptr && member->text() != nullptr && from_hex(*member->text(), key.bytes());
  });
  if (!good) return Error{Code::damaged, "the keys of the node are damaged: restore a backup"};
  return keys;
}

JournalKeys NodeKeys::for_journal() const {
  return {.record_key = SigningKey::from_seed(record), .log_key = SigningKey::from_seed(log), .data_key = data.copy()};
}

Status write_node_keys(const std::string& path, const NodeKeys& keys, const Key& credential, const Random& random) {
  std::string text = keys.text();
  const auto sealed = seal(derive_key(credential, "node keys"), as_bytes(text), as_bytes(place), random);
  wipe(text);
  return write_file(path, as_text(TRY(sealed)), FileAccess::owner_only, FileExists::refuse);
}

Result<NodeKeys> read_node_keys(const std::string& path, const Key& credential) {
  const std::string sealed = TRY(read_file(path, sealed_bytes_max));
  auto opened = open(derive_key(credential, "node keys"), as_bytes(sealed), as_bytes(place));
  if (!opened) {
    return Error{Code::permission_denied,
                 path + ": this key doesn't open the keys of the node; use the key file that was made with it"};
  }
  auto keys = NodeKeys::parse(as_text(*opened));
  wipe(*opened);
  return keys;
}

}  // namespace fristad
