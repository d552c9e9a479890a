#include "federation/heads.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace fristad {

void Heads::count(Head& head) {
  const auto membership = alliance_.membership();
  head.enough = membership->state && are_enough(*membership->state, journal_.member(), head.cosigners);
  if (head.enough && (!cosigned_ || cosigned_->checkpoint.size <= head.checkpoint.size)) cosigned_ = head;
}

HeadKeys Heads::keys_for(const Head& head) const {
  const PublicKey log_key = journal_.log_key(shared_log, head.checkpoint.size);
  return head_keys(*alliance_.membership(), {.name = head.checkpoint.origin, .key = log_key});
}

void Heads::recheck(Head& head) const {
  const HeadKeys keys = keys_for(head);
  head.cosigners.clear();
  std::erase_if(head.seen.cosignatures, [&](const std::string& line) {
    const auto checked = check_head({.note = head.seen.note, .cosignatures = {line}}, keys);
    if (!checked || checked->cosigners.empty()) return true;
    head.cosigners.insert(checked->cosigners.begin(), checked->cosigners.end());
    return false;
  });
}

Status Heads::renew() {
  const std::int64_t now_ms = clock_.steady_ms();
  const auto membership = alliance_.membership();
  const Digest epoch = membership->state ? membership->state->hash : Digest{};
  if (head_) {
    if (std::exchange(head_->epoch, epoch) != epoch) recheck(*head_);
    count(*head_);
    if (journal_.head(shared_log).size == head_->checkpoint.size) return {};
    if (membership->state && !head_->enough && now_ms - head_->since_ms < patience_ms_) return {};
  }
  Head next;
  auto note = journal_.checkpoint(shared_log);
  if (!note && note.error().code == Code::conflict) {
    // Nothing new is to be signed now. What was stays on offer.
    if (head_) return {};
    const auto before = TRY(journal_.signed_head(shared_log, 0, journal_.head(shared_log).size));
    if (before) note = *before;
  }
  next.seen.note = TRY(std::move(note));
  next.checkpoint = TRY(parse_checkpoint(TRY(parse_note(next.seen.note)).text));
  next.since_ms = now_ms;
  next.epoch = epoch;
  count(next);
  head_ = std::move(next);
  return {};
}

Result<Heads::Offered> Heads::offer(std::uint64_t known) {
  const std::scoped_lock lock(mutex_);
  TRY(renew());
  Offered offered;
  offered.head = head_->seen;
  offered.size = head_->checkpoint.size;
  if (cosigned_ && cosigned_->checkpoint.size != offered.size) offered.cosigned = cosigned_->seen;
  const std::uint64_t next_keys = journal_.next_keys_from(known).value_or(UINT64_MAX);
  const std::uint64_t up_to = std::min(known + reach_, next_keys);
  if (offered.size <= up_to) return offered;
  auto nearer = TRY(journal_.signed_head(shared_log, known, up_to));
  // The last one with the keys that he knows, however far it is, rather than one with others.
  if (!nearer && offered.size > next_keys) nearer = TRY(journal_.signed_head(shared_log, known, next_keys));
  if (nearer) offered.head = {.note = *std::move(nearer)};
  return offered;
}

Result<bool> Heads::take(std::string_view member, std::string_view line) {
  // Others get it as it is, and it must be nothing that they don't read.
  if (line.empty() || line.size() > cosignature_bytes_max || line.find('\n') != line.size() - 1) {
    return Error{Code::damaged, "a cosignature is one line"};
  }
  const std::scoped_lock lock(mutex_);
  if (!head_) return Error{Code::conflict, "no head has been offered yet"};
  SeenHead with{.note = head_->seen.note, .cosignatures = {std::string(line)}};
  const auto checked = check_head(with, keys_for(*head_));
  if (!checked) return Error{Code::conflict, "the cosignature isn't of the head on offer: look at that again"};
  if (!checked->cosigners.contains(member)) {
    return Error{Code::permission_denied, "the cosignature isn't by the witness key of the member that sends it"};
  }
  if (!head_->cosigners.emplace(member).second || head_->seen.cosignatures.size() == cosignatures_max) return false;
  head_->seen.cosignatures.emplace_back(line);
  const bool before = head_->enough;
  count(*head_);
  return head_->enough && !before;
}

std::uint64_t Heads::cosigned() const {
  const std::scoped_lock lock(mutex_);
  return cosigned_ ? cosigned_->checkpoint.size : 0;
}

}  // namespace fristad
