// Which of our keys sign what, and how others come after them.

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

// So many that say nothing go into one decision.
constexpr std::uint64_t fillers_max = 256;
constexpr std::uint64_t fillers_per_head = 32'768;

}  // namespace

Signers::Signers(std::shared_ptr<const LaterKeys> first, std::vector<LaterKeys> later) {
  all_.push_back(std::move(first));
  for (LaterKeys& keys : later) all_.push_back(std::make_shared<const LaterKeys>(std::move(keys)));
}

const LaterKeys& Signers::of_record(std::uint32_t log, std::uint64_t position) const {
  for (std::size_t i = all_.size() - 1; i > 0; --i) {
    if (position >= all_[i]->from.at(log)) return *all_[i];
  }
  return *all_.front();
}

const LaterKeys& Signers::of_head(std::uint32_t log, std::uint64_t size) const {
  return size == 0 ? *all_.front() : of_record(log, size - 1);
}

std::shared_ptr<const LaterKeys> Signers::agreed(std::uint64_t position) const {
  const auto at = std::find_if(all_.rbegin(), std::prev(all_.rend()),
                               [&](const auto& keys) { return keys->agreed && position >= keys->from[shared_log]; });
  return *at;
}

std::optional<std::uint64_t> Signers::next_from(std::uint64_t size) const {
  for (std::size_t i = 1; i < all_.size(); ++i) {
    if (all_[i]->from[shared_log] > size) return all_[i]->from[shared_log];
  }
  return std::nullopt;
}

std::shared_ptr<const LaterKeys> Journal::Impl::signing() const {
  std::uint64_t size = 0;
  {
    const std::scoped_lock lock(head_mutex);
    size = heads.at(shared_log).size;
  }
  return signers.get()->agreed(size);
}

Status Journal::replace_later_keys(const MakeKeys& make) {
  return impl_->alone([&]() -> Status {
    // A batch whose commit nobody has answered may still count.
    if (impl_->unsure) TRY(impl_->settle());
    std::array<std::uint64_t, own_logs> sizes{};
    for (std::uint32_t log = 0; log < own_logs; ++log) sizes[log] = head(log).size;
    std::vector<LaterKeys> later = TRY(make(sizes));
    impl_->signers.set(std::make_shared<const Signers>(impl_->signers.get()->first(), std::move(later)));
    return {};
  });
}

Status Journal::fill_shared(const By& by, std::uint64_t size) {
  while (true) {
    const std::uint64_t now = head(shared_log).size;
    if (now >= size) return {};
    const auto filled = transact(by, [&](Decision& decision) -> Status {
      // A scope of its own, which nobody is ever let read.
      const std::string scope = to_hex(TRY(decision.new_id()));
      for (std::uint64_t i = now; i < std::min(size, now + fillers_max); ++i) {
        TRY(decision.emit({.kind = std::string(kind_filled), .scope = scope}));
      }
      return {};
    });
    // Others may have recorded meanwhile, so that these would have been too many.
    if (!filled && !(filled.error().code == Code::unavailable && head(shared_log).size > now)) return filled.error();
    // Heads not too far apart, for those who read them later.
    if (now / fillers_per_head != head(shared_log).size / fillers_per_head) TRY(checkpoint(shared_log));
  }
}

PublicKey Journal::record_key() const {
  return impl_->signing()->record_key.public_key();
}

Signature Journal::sign(Bytes message) const {
  return impl_->signing()->record_key.sign(message);
}

PublicKey Journal::log_key(std::uint32_t log, std::uint64_t size) const {
  return impl_->signers.get()->of_head(log, size).log_key.public_key();
}

std::optional<std::uint64_t> Journal::next_keys_from(std::uint64_t size) const {
  return impl_->signers.get()->next_from(size);
}

}  // namespace fristad
