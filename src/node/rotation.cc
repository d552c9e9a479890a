// New keys of a node: where they are kept, and when they come into use. What the steps are: alliance/rotation.h.

#include "alliance/rotation.h"

#include <algorithm>

#include "base/log.h"
#include "base/try.h"
#include "crypto/shares.h"
#include "node/node_impl.h"

namespace fristad {
namespace {

constexpr std::string_view rotating_actor = "fristad";

NewKeys new_keys(const LaterSeeds& seeds) {
  NewKeys keys;
  for (const auto& [purpose, seed] :
       {std::pair(KeyPurpose::log, &seeds.log), std::pair(KeyPurpose::record, &seeds.record),
        std::pair(KeyPurpose::tls, &seeds.tls), std::pair(KeyPurpose::witness, &seeds.witness)}) {
    keys.keys[static_cast<std::size_t>(purpose)] = SigningKey::from_seed(*seed).public_key();
  }
  keys.sign = [key = std::make_shared<const SigningKey>(SigningKey::from_seed(seeds.record))](Bytes message) {
    return key->sign(message);
  };
  return keys;
}

}  // namespace

Status Node::Impl::keep_keys(const std::function<Status(const std::array<std::uint64_t, own_logs>&)>& change) {
  return journal->replace_later_keys(
      [&](const std::array<std::uint64_t, own_logs>& sizes) -> Result<std::vector<LaterKeys>> {
        TRY(change(sizes));
        TRY(write_node_keys(folder + "/keys.sealed", keys, credential, seams.random));
        return keys.later_for_journal();
      });
}

TlsIdentity Node::Impl::identity() const {
  const auto at = static_cast<std::size_t>(KeyPurpose::tls);
  return {.seed = keys.tls_now().copy(), .statement = at < settings.statements.size() ? settings.statements[at] : ""};
}

Result<Card> Node::rotate_keys(const By& by, std::span<const std::string> shares, std::uint64_t room) {
  if (room < rotation_room_min || room > rotation_room_max) {
    return Error{Code::invalid_argument, "the room is " + std::to_string(rotation_room_min) + " to " +
                                             std::to_string(rotation_room_max) + " records"};
  }
  const std::scoped_lock lock(impl_->rotating);
  NodeKeys& keys = impl_->keys;
  if (keys.waiting() != nullptr) {
    return Error{Code::conflict, "new keys wait already for the others to agree: look at fristad alliance status"};
  }
  const auto now = impl_->alliance->membership();
  const AllianceMember* const own = now->state ? now->state->find(impl_->settings.member) : nullptr;
  // Also while it is suspended, which may be for the keys' sake.
  if (own == nullptr || (own->standing != Standing::active && own->standing != Standing::suspended)) {
    return Error{Code::permission_denied,
                 "this node is no member of an alliance, and nobody else knows its keys: make a new node"};
  }
  const SigningKey root = SigningKey::from_seed(TRY(join_shares(shares)));
  LaterSeeds next = TRY(LaterSeeds::generate(impl_->seams.random));
  const std::uint64_t from = impl_->journal->head(shared_log).size + room;
  next.from[shared_log] = from;
  Card card = TRY(renewed_card(own->card, root, new_keys(next), from, impl_->seams.clock.utc_ms()));
  next.card = to_text(card);
  // Kept first: a vote for keys that are lost would be the end of this node.
  const Status kept = impl_->keep_keys([&](const auto& sizes) -> Status {
    if (sizes[shared_log] + 1 >= from) {
      return Error{Code::conflict, "more was recorded meanwhile than there was room for: ask for more room"};
    }
    keys.later.push_back(std::move(next));
    return {};
  });
  if (!kept) {
    if (keys.waiting() != nullptr) keys.later.pop_back();
    return kept.error();
  }
  impl_->stated_keys = false;
  if (!now->state->may_vote(impl_->settings.member)) return card;
  const Status done = impl_->alliance->vote(by, Change{Change::NewCard{.card = card}});
  if (done) return card;
  // A vote whose commit failed may be on disk all the same: then the keys have to stay.
  bool voted = false;
  TRY(impl_->keep_keys([&](const auto&) {
    voted = is_proposed(*impl_->alliance->membership(), card);
    if (!voted) keys.later.pop_back();
    return Status();
  }));
  if (voted) return card;
  return done.error();
}

Status Node::vote_for_keys(const By& by) {
  const std::scoped_lock lock(impl_->rotating);
  if (impl_->keys.waiting() == nullptr) return Error{Code::not_found, "no new keys of this node wait for votes"};
  LaterSeeds& waiting = impl_->keys.later.back();
  // Name and address may be others by now: only the keys are to change.
  Card card = TRY(own_card());
  card.statements = TRY(read_card(waiting.card)).statements;
  const NewKeys keys = new_keys(waiting);
  card = TRY(sign_card(std::move(card), keys.keys[static_cast<std::size_t>(KeyPurpose::record)], keys.sign));
  TRY(impl_->keep_keys([&](const auto&) {
    waiting.card = to_text(card);
    return Status();
  }));
  return impl_->alliance->vote(by, Change{Change::NewCard{.card = card}});
}

std::optional<Node::WaitingKeys> Node::waiting_keys() const {
  const std::scoped_lock lock(impl_->rotating);
  const LaterSeeds* const waiting = impl_->keys.waiting();
  if (waiting == nullptr) return std::nullopt;
  auto card = read_card(waiting->card);
  if (!card) return std::nullopt;
  const std::uint64_t from = waiting->from[shared_log];
  return WaitingKeys{.card = *std::move(card),
                     .room = from - std::min(from, impl_->journal->head(shared_log).size + last_places)};
}

Result<bool> Node::finish_rotation() {
  const std::scoped_lock lock(impl_->rotating);
  return impl_->finish_rotation();
}

Result<bool> Node::Impl::finish_rotation() {
  if (keys.later.empty()) return false;
  LaterSeeds& newest = keys.later.back();
  const std::uint64_t from = newest.from[shared_log];
  const Card card = TRY(read_card(newest.card));
  const bool comes_into_use = !newest.agreed && is_agreed(*alliance->membership(), card);
  if (!newest.agreed && !comes_into_use) return false;
  if (comes_into_use) {
    TRY(close_old_keys(*journal, rotating_actor, from));
    const Status kept = keep_keys([&](const auto& sizes) -> Status {
      newest.from[private_log] = sizes[private_log];
      newest.agreed = true;
      if (keys.later.size() > 1) keys.later[keys.later.size() - 2].card.clear();
      return {};
    });
    if (!kept) {
      newest.agreed = false;
      return kept.error();
    }
  }
  // What follows may have failed, or a process have ended before it: all of it can be done again.
  reader->set_witness(SigningKey::from_seed(newest.witness));
  const std::vector<std::string> statements(card.statements.begin(), card.statements.end());
  if (settings.statements != statements) {
    NodeSettings changed = settings;
    changed.statements = statements;
    TRY(write_settings(folder, changed));
    settings = std::move(changed);
  }
  if (!stated_keys) {
    bool stated = false;
    TRY(journal->for_each_of_kind(shared_log, "node.keys", [&](const Record& record) {
      stated = stated || record.place.position >= from;
      return Status();
    }));
    if (!stated) TRY(open_new_keys(*journal, rotating_actor, card));
    stated_keys = true;
  }
  return comes_into_use;
}

std::optional<TlsIdentity> Node::renewed_identity(const Log& log, PublicKey& shown) {
  const std::scoped_lock lock(impl_->rotating);
  if (const auto used = impl_->finish_rotation(); !used) {
    log.warning("rotation_failed", {{"code", to_string(used.error().code)}});
  }
  const PublicKey now = SigningKey::from_seed(impl_->keys.tls_now()).public_key();
  if (now == shown) return std::nullopt;
  shown = now;
  log.info("rotation_done", {});
  return impl_->identity();
}

}  // namespace fristad
