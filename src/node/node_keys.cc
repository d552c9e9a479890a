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

constexpr std::size_t sealed_bytes_max = std::size_t{1} << 20;
constexpr std::string_view place = "fristad node keys 1";

// Where keys begin in the private log that aren't agreed on yet; isn't written.
constexpr std::uint64_t never = UINT64_MAX;

// In the order of their names.
template <class Keys, class Use>
void for_each_signing_key(Keys& keys, const Use& use) {
  use("log", keys.log);
  use("record", keys.record);
  use("tls", keys.tls);
  use("witness", keys.witness);
}
template <class Keys, class Use>
void for_each_key(Keys& keys, const Use& use) {
  use("data", keys.data);
  use("index", keys.index);
  for_each_signing_key(keys, use);
}

Json json_of(const LaterSeeds& later) {
  Json json = Json::object({{"card", later.card}});
  for_each_signing_key(later,
                       [&](const char* name, const Key& key) { json.members()->emplace(name, to_hex(key.bytes())); });
  json.members()->emplace("shared_from", static_cast<std::int64_t>(later.from[shared_log]));
  if (later.agreed) {
    json.members()->emplace("private_from", static_cast<std::int64_t>(later.from[private_log]));
  }
  return json;
}

bool take_key(const Json& json, const char* name, Key& key) {
  const Json* const member = json.find(name);
  return member != nullptr && member->text() != nullptr && from_hex(*member->text(), key.bytes());
}

bool take_position(const Json& json, const char* name, std::uint64_t& position) {
  const Json* const member = json.find(name);
  if (member == nullptr || member->integer() == nullptr || *member->integer() < 0) return false;
  position = static_cast<std::uint64_t>(*member->integer());
  return true;
}

bool take_later(const Json& json, LaterSeeds& later) {
  bool good = true;
  for_each_signing_key(later, [&](const char* name, Key& key) { good = good && take_key(json, name, key); });
  const Json* const card = json.find("card");
  good =
      good && card != nullptr && card->text() != nullptr && take_position(json, "shared_from", later.from[shared_log]);
  if (!good) return false;
  later.card = *card->text();
  later.from[private_log] = never;
  later.agreed = json.find("private_from") != nullptr;
  return !later.agreed || take_position(json, "private_from", later.from[private_log]);
}

}  // namespace

Result<LaterSeeds> LaterSeeds::generate(const Random& random) {
  LaterSeeds later;
  Status filled;
  for_each_signing_key(later, [&](const char*, Key& key) {
    if (filled) filled = random(key.bytes());
  });
  TRY(std::move(filled));
  later.from[private_log] = never;
  return later;
}

Result<NodeKeys> NodeKeys::generate(const Random& random) {
  NodeKeys keys;
  Status filled;
  for_each_key(keys, [&](const char*, Key& key) {
    if (filled) filled = random(key.bytes());
  });
  TRY(std::move(filled));
  return keys;
}

namespace {

template <class First, class Later>
const Key& newest(const NodeKeys& keys, First first, Later later) {
  const auto at =
      std::find_if(keys.later.rbegin(), keys.later.rend(), [](const LaterSeeds& one) { return one.agreed; });
  return at == keys.later.rend() ? keys.*first : (*at).*later;
}

}  // namespace

const Key& NodeKeys::record_now() const {
  return newest(*this, &NodeKeys::record, &LaterSeeds::record);
}
const Key& NodeKeys::witness_now() const {
  return newest(*this, &NodeKeys::witness, &LaterSeeds::witness);
}
const Key& NodeKeys::tls_now() const {
  return newest(*this, &NodeKeys::tls, &LaterSeeds::tls);
}

std::string NodeKeys::text() const {
  std::string text = "{";
  for_each_key(*this, [&](const char* name, const Key& key) {
    std::string digits = to_hex(key.bytes());
    text += (text.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":\"" + digits + "\"";
    wipe(digits);
    if (name != std::string_view("index") || later.empty()) return;
    Json::Array all;
    for (const LaterSeeds& one : later) all.push_back(json_of(one));
    std::string listed = canonical(Json(std::move(all)));
    text += ",\"later\":" + listed;
    wipe(listed);
  });
  return text + "}";
}

Result<NodeKeys> NodeKeys::parse(std::string_view text) {
  const auto json = parse_canonical(text, {});
  NodeKeys keys;
  bool good = json.has_value();
  for_each_key(keys, [&](const char* name, Key& key) { good = good && take_key(*json, name, key); });
  if (const Json* const later = good ? json->find("later") : nullptr; later != nullptr) {
    good = later->array() != nullptr;
    for (std::size_t i = 0; good && i < later->array()->size(); ++i) {
      good = take_later((*later->array())[i], keys.later.emplace_back());
    }
  }
  if (!good) return Error{Code::damaged, "the keys of the node are damaged: restore a backup"};
  return keys;
}

std::vector<LaterKeys> NodeKeys::later_for_journal() const {
  std::vector<LaterKeys> all;
  for (const LaterSeeds& one : later) {
    all.push_back({.record_key = SigningKey::from_seed(one.record),
                   .log_key = SigningKey::from_seed(one.log),
                   .from = one.from,
                   .agreed = one.agreed});
  }
  return all;
}

JournalKeys NodeKeys::for_journal() const {
  return {.record_key = SigningKey::from_seed(record),
          .log_key = SigningKey::from_seed(log),
          .data_key = data.copy(),
          .later = later_for_journal()};
}

Status write_node_keys(const std::string& path, const NodeKeys& keys, const Key& credential, const Random& random) {
  std::string text = keys.text();
  const auto sealed = seal(derive_key(credential, "node keys"), as_bytes(text), as_bytes(place), random);
  wipe(text);
  return write_file(path, as_text(TRY(sealed)), FileAccess::owner_only, FileExists::replace);
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
