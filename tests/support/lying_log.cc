#include "tests/support/lying_log.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/hex.h"
#include "base/try.h"
#include "record/exchange.h"
#include "record/stored.h"

namespace fristad::testing {
namespace {

constexpr std::string_view scope_public = "public";
constexpr std::string_view stand_in = "\"@\"";
constexpr std::size_t deep = 1000;

// What stands in the place of a text, in a payload that is right otherwise.
std::string with(std::string payload, std::string_view instead) {
  payload.replace(payload.find(stand_in), stand_in.size(), instead);
  return payload;
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

struct LyingLog::Draft {
  RecordId id{};
  std::uint32_t revision = 0;
  Digest previous{};
  std::string payload;
};

LyingLog::LyingLog(const Journal& journal, std::string under, LyingKeys keys)
    : journal_(&journal),
      under_(std::move(under)),
      keys_(std::make_shared<const LyingKeys>(std::move(keys))),
      origin_(shared_origin_of(journal.member())) {}

Status LyingLog::follow() {
  TRY(journal_->for_each_leaf(shared_log, places_.size(), [&](std::uint64_t, const LeafBytes& leaf) {
    places_.push_back(leaves_.size());
    leaves_.push_back(leaf);
    return Status();
  }));
  for (const ScopeSpan& span : TRY(journal_->spans(shared_log))) {
    if (span.scope == scope_public) honest_public_ = span.last;
  }
  return {};
}

// ---- Lies ----

std::string LyingLog::payload(std::string_view kind, Json body, int schema) const {
  return canonical(Json::object({{"at", std::int64_t{1'800'000'000'000}},
                                 {"body", std::move(body)},
                                 {"kind", kind},
                                 {"schema", schema},
                                 {"scope", scope_public},
                                 {"sequence", honest_public_ + static_cast<std::int64_t>(forged_.size()) + 1},
                                 {"under", under_}}));
}

void LyingLog::append(const Draft& draft) {
  Stored stored{.content = {.payload = draft.payload}};
  stored.salt.fill(static_cast<std::uint8_t>(leaves_.size()));
  Leaf leaf{
      .record = draft.id, .revision = draft.revision, .previous = draft.previous, .commitment = stored.commitment()};
  leaf.signature = sign_leaf(leaf, origin_, keys_->record);
  forged_.push_back({.sequence = honest_public_ + static_cast<std::int64_t>(forged_.size()) + 1,
                     .position = leaves_.size(),
                     .content = encode_stored(stored)});
  leaves_.push_back(encode_leaf(leaf));
}

namespace {

using Texts = std::vector<std::pair<std::string_view, std::string>>;

// Payloads that say "@", by what stands there instead.
const Texts& bodies() {
  static const Texts all{
      {"deep", repeated("[", deep) + repeated("]", deep)},
      {"large", quoted(repeated("a few words ", std::size_t{200'000}))},
      {"picture", quoted("iVBORw0KGgo" + repeated("AAAANSUhEUgA", 40))},
      {"picture-in-hex", quoted("89504e470d0a1a0a0000000d49484452" + repeated("00000400", 60))},
      {"url", quoted("data:image/png;base64,iVBORw0KGgo=")},
      {"half-a-letter", quoted("\xc3")},
      {"real", "0.5"},
  };
  return all;
}

}  // namespace

std::vector<std::string_view> LyingLog::forgeries() {
  std::vector<std::string_view> names{"future", "newer",   "spaces",  "twice",       "gap",           "orphan",
                                      "again",  "foreign", "private", "no-founding", "erases-others", "unsaid-erasure"};
  for (const auto& [name, text] : bodies()) names.push_back(name);
  return names;
}

Status LyingLog::forge(std::string_view name) {
  const auto id_of = [&](std::string_view member) {
    RecordId id{};
    const std::uint64_t number = ++ids_;
    for (std::size_t i = 0; i < 8; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
    id[8] = 0x5a;
    std::ranges::copy(author_tag(member), id.end() - 4);
    return id;
  };
  const std::string own = journal_->member();
  const std::string other = own == "se" ? "us" : "se";
  Draft draft{.id = id_of(own), .payload = payload("future.said", Json::object({{"text", "@"}}))};
  const std::string right = draft.payload;
  const auto body = std::ranges::find(bodies(), name, [](const auto& each) { return each.first; });
  if (body != bodies().end()) {
    draft.payload = with(right, body->second);
  } else if (name == "future") {
  } else if (name == "newer") {
    draft.payload = payload("list", Json::object({{"text", "@"}}), 99);
  } else if (name == "spaces") {
    draft.payload.insert(1, " ");
  } else if (name == "twice") {
    draft.payload.insert(1, right.substr(1, right.find(',')));
  } else if (name == "gap") {
    draft.revision = 2;
    draft.previous = leaf_hash(leaves_.back());
  } else if (name == "orphan") {
    const Leaf first = TRY(decode_leaf(leaves_.front()));
    draft.id = first.record;
    draft.revision = 1;
    draft.previous = leaf_hash(leaves_.back());
  } else if (name == "again") {
    draft.id = TRY(decode_leaf(leaves_.front())).record;
  } else if (name == "foreign") {
    draft.id = id_of(other);
  } else if (name == "private") {
    draft.payload = payload("alliance.muted", Json::object({{"member", other}, {"muted", true}}));
  } else if (name == "no-founding") {
    draft.payload = payload("alliance.founded", Json::object({{"text", "@"}}));
  } else if (name == "erases-others") {
    draft.payload = payload("record.erased", Json::object({{"ground", "court"}, {"record", to_hex(id_of(other))}}));
  } else if (name == "unsaid-erasure") {
    append(draft);
    forged_.back().content.clear();
    return {};
  } else {
    return Error{Code::not_found, "there is no forgery \"" + std::string(name) + "\""};
  }
  append(draft);
  return {};
}

Status LyingLog::grow(std::uint64_t size) {
  while (leaves_.size() < size) TRY(forge("future"));
  return {};
}

void LyingLog::cut(std::uint64_t size) {
  leaves_.resize(size);
}

void LyingLog::replace_last() {
  leaves_.back() = leaves_.front();
}

void LyingLog::replace_last_and_go_on() {
  const LeafBytes last = leaves_.back();
  replace_last();
  leaves_.push_back(last);
}

void LyingLog::add_unsigned() {
  leaves_.push_back(leaves_.back());
  leaves_.back().back() ^= 1;
}

// ---- What it shows ----

Checkpoint LyingLog::checkpoint() const {
  MerkleFrontier tree;
  for (const LeafBytes& leaf : leaves_) tree.append(leaf_hash(leaf));
  return {.origin = origin_, .size = tree.size(), .root = tree.root()};
}

std::string LyingLog::signed_head(const Checkpoint& checkpoint, const SigningKey& key) {
  return sign_note(encode_checkpoint(checkpoint).value(), {{checkpoint.origin, key}}).value();
}

std::vector<LeafBytes> LyingLog::leaves(std::uint64_t from, std::uint64_t to) const {
  to = std::min({to, from + leaves_per_answer, size()});
  if (from >= to) return {};
  const auto begin = leaves_.begin();
  return {begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to)};
}

void LyingLog::add_to(ScopesAnswer& scopes) const {
  if (!forged_.empty()) scopes.last[std::string(scope_public)] = forged_.back().sequence;
}

Result<std::vector<Parcel>> LyingLog::parcels(std::string_view scope, std::int64_t from) const {
  std::vector<Parcel> all = TRY(journal_->parcels(shared_log, scope, from, parcels_bytes_max));
  for (Parcel& parcel : all) parcel.position = places_.at(parcel.position);
  std::size_t bytes = 0;
  for (const Parcel& parcel : all) bytes += parcel.content.size();
  if (scope != scope_public) return all;
  for (const Parcel& parcel : forged_) {
    if (parcel.sequence < from || all.size() == parcels_per_answer) continue;
    bytes += parcel.content.size();
    if (bytes > parcels_bytes_max) break;
    all.push_back(parcel);
  }
  return all;
}

}  // namespace fristad::testing
