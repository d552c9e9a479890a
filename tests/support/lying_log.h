#pragma once

// The log of a member that lies: what its node has written, and behind it records that no honest program writes. All of
// it is signed as it should be, unless that is the lie.
//
//   LyingLog log(node.journal(), node.alliance().under(), keys);
//   TRY(log.forge("picture"));
//   TRY(log.follow());            // what the node has written meanwhile comes behind that
//
// What is forged stands in the scope "public", so from the first of it on the node itself may write nothing there.
//
// Thread-safety: none. A copy is another history that begins alike.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/merkle.h"
#include "crypto/note.h"
#include "crypto/sign.h"
#include "federation/message.h"
#include "record/journal.h"

namespace fristad::testing {

struct LyingKeys {
  SigningKey record;
  SigningKey log;
};

class LyingLog {
 public:
  LyingLog(const Journal& journal, std::string under, LyingKeys keys);
  // Takes over what the node has written. Errors: those of the journal.
  Status follow();

  // ---- Lies ----

  // The names of what forge() can do.
  static std::vector<std::string_view> forgeries();
  // One record. Error: not_found (there is no such forgery).
  Status forge(std::string_view name);
  // Records of a kind that nobody knows, until there are so many.
  Status grow(std::uint64_t size);
  // Without the last of it: an older copy.
  void cut(std::uint64_t size);
  // The same length, with another last leaf.
  void replace_last();
  // The same, and longer, so that all its leaves have to be looked at.
  void replace_last_and_go_on();
  // Behind it one more whose signature is wrong.
  void add_unsigned();
  void set_keys(LyingKeys keys) { keys_ = std::make_shared<const LyingKeys>(std::move(keys)); }

  // ---- What it shows ----

  std::uint64_t size() const { return leaves_.size(); }
  const std::string& origin() const { return origin_; }
  Checkpoint checkpoint() const;
  std::string head() const { return signed_head(checkpoint(), keys_->log); }
  static std::string signed_head(const Checkpoint& checkpoint, const SigningKey& key);
  std::vector<LeafBytes> leaves(std::uint64_t from, std::uint64_t to) const;
  // What a reader may read, beside what the node says by itself.
  void add_to(ScopesAnswer& scopes) const;
  Result<std::vector<Parcel>> parcels(std::string_view scope, std::int64_t from) const;

 private:
  struct Draft;
  void append(const Draft& draft);
  void append_leaf(const LeafBytes& leaf);
  // A payload that is right but for its body: {"text": "@"}.
  std::string payload(std::string_view kind, Json body, int schema = 1) const;

  const Journal* journal_;
  const std::string under_;
  std::shared_ptr<const LyingKeys> keys_;
  const std::string origin_;
  std::vector<LeafBytes> leaves_;
  std::vector<std::uint64_t> places_;  // of the node's records: where each stands here
  std::vector<Parcel> forged_;
  std::int64_t honest_public_ = 0;
  std::uint64_t ids_ = 0;
};

}  // namespace fristad::testing
