#include "federation/heads.h"

#include <algorithm>

#include "base/try.h"
#include "federation/witnesses.h"

namespace fristad {

void Heads::count(Head& head) {
  const auto membership = alliance_.membership();
  head.enough = membership->state && are_enough(*membership->state, journal_.member(), head.cosigners);
  if (head.enough && (!cosigned_ || cosigned_->checkpoint.size <= head.checkpoint.size)) cosigned_ = head;
}

Status Heads::renew() {
  const std::int64_t now_ms = clock_.steady_ms();
  if (head_) {
    count(*head_);
    if (journal_.head(shared_log).size == head_->checkpoint.size) return {};
    const bool has_witnesses = alliance_.membership()->state.has_value();
    if (has_witnesses && !head_->enough && now_ms - head_->since_ms < patience_ms_) return {};
  }
  Head next;
  next.seen.note = TRY(journal_.checkpoint(shared_log));
  next.checkpoint = TRY(parse_checkpoint(TRY(parse_note(next.seen.note)).text));
  next.since_ms = now_ms;
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
  if (offered.size <= known + reach_) return offered;
  auto nearer = TRY(journal_.signed_head(shared_log, known, known + reach_));
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
  const auto membership = alliance_.membership();
  const HeadKeys keys = head_keys(*membership, {.name = head_->checkpoint.origin, .key = journal_.log_key()});
  SeenHead with{.note = head_->seen.note, .cosignatures = {std::string(line)}};
  const auto checked = check_head(with, keys);
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
