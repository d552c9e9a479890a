#include "federation/answers.h"

#include <algorithm>

#include "base/try.h"
#include "federation/witnesses.h"

namespace fristad {
namespace {

// How often it is noted that a member was there: each time costs a write.
constexpr std::int64_t heard_again_ms = 30'000;

Error refused() {
  return {Code::permission_denied, "that isn't for you to read"};
}

}  // namespace

Result<std::string> Answers::answer(std::string_view member, Question question, std::string_view body) {
  TRY(admit(member));
  switch (question) {
    case Question::head: return head(member, body);
    case Question::leaves: return leaves(shared_log, body);
    case Question::scopes: return TRY(readable(member))->scopes.encode();
    case Question::parcels: return parcels(member, body);
    case Question::receipt: TRY(take_receipt(member, body)); return std::string();
    case Question::cosignature:
      if (TRY(heads_.take(member, body)) && options_.on_cosigned) options_.on_cosigned();
      return std::string();
    case Question::poke:
      if (options_.on_poke) options_.on_poke(member);
      return std::string();
    // What was its own before it was ours is no secret to it, whatever it may read of ours.
    case Question::own_leaves: return leaves(TRY(log_of(member)), body);
    case Question::own_scopes: return own_scopes(TRY(log_of(member)));
    case Question::own_parcels: return own_parcels(TRY(log_of(member)), body);
  }
  return Error{Code::invalid_argument, "there is no such question"};
}

Status Answers::admit(std::string_view member) const {
  const auto now = alliance_.membership();
  if (now->state) {
    if (now->state->is_active(member)) return {};
  } else if (now->founding != nullptr) {
    // Until all have read that all have founded it, founders talk to one another.
    if (std::ranges::find(now->founding->founders, member, &Card::member) != now->founding->founders.end()) return {};
  } else {
    // We have accepted an invitation, and those whose letter it was may look at us.
    const auto introduced = TRY(ledger_.introduced());
    if (std::ranges::find(introduced, member, &Card::member) != introduced.end()) return {};
  }
  return Error{Code::permission_denied, "only active members are answered"};
}

Result<std::shared_ptr<const Answers::Readable>> Answers::readable(std::string_view member) {
  Readable now{.own_size = journal_.head(shared_log).size,
               .arrivals = journal_.arrivals(),
               .membership = alliance_.membership()};
  {
    const std::scoped_lock lock(mutex_);
    const auto known = readable_.find(member);
    if (known != readable_.end() && known->second->own_size == now.own_size &&
        known->second->arrivals == now.arrivals && known->second->membership == now.membership) {
      return known->second;
    }
  }
  // Whom we mute gets what binds all members, so that it can be voted on, and no list of ours.
  const bool muted = now.membership->muted.contains(member);
  const std::vector<ScopeSpan> spans = TRY(journal_.spans(shared_log));
  for (const ScopeSpan& span : spans) {
    if (muted && span.scope != "alliance" && span.scope != "public") continue;
    if (TRY(alliance_.reads(member, span.scope))) now.scopes.last.emplace(span.scope, span.last);
  }
  now.digest = now.scopes.digest();
  auto made = std::make_shared<const Readable>(std::move(now));
  // A node that takes back what it lost comes to say more without its log growing.
  if (!journal_.shared_held().empty()) return made;
  const std::scoped_lock lock(mutex_);
  readable_.insert_or_assign(std::string(member), made);
  return made;
}

Result<std::string> Answers::head(std::string_view member, std::string_view body) {
  const HeadRequest request = TRY(HeadRequest::decode(body));
  HeadAnswer answer;
  answer.scopes = TRY(readable(member))->digest;
  Heads::Offered offered = TRY(heads_.offer(request.known));
  answer.head = std::move(offered.head);
  answer.cosigned = std::move(offered.cosigned);
  if (const auto theirs = journal_.known_log(member); theirs && theirs->head.size > 0) {
    answer.yours = TRY(journal_.signed_head(theirs->number, theirs->head.size - 1, theirs->head.size)).value_or("");
  }
  const std::int64_t now_ms = options_.clock.utc_ms();
  answer.at_ms = now_ms;
  bool note = false;
  {
    const std::scoped_lock lock(mutex_);
    auto [at, first] = heard_ms_.try_emplace(std::string(member), now_ms);
    note = first || now_ms - at->second >= heard_again_ms || now_ms < at->second;
    if (note) at->second = now_ms;
  }
  // To know it is a convenience: an answer doesn't fail for it.
  if (note) static_cast<void>(ledger_.heard(member, now_ms));
  return answer.encode();
}

Result<std::uint32_t> Answers::log_of(std::string_view member) const {
  const auto known = journal_.known_log(member);
  if (!known) return Error{Code::not_found, "nothing of that member's log is here"};
  return known->number;
}

Result<std::string> Answers::own_scopes(std::uint32_t log) const {
  ScopesAnswer answer;
  for (ScopeSpan& span : TRY(journal_.spans(log))) answer.last.emplace(std::move(span.scope), span.last);
  return answer.encode();
}

Result<std::string> Answers::own_parcels(std::uint32_t log, std::string_view body) const {
  const ParcelsRequest request = TRY(ParcelsRequest::decode(body));
  return encode_parcels(TRY(journal_.parcels(log, request.scope, request.from, parcels_bytes_max)));
}

Result<std::string> Answers::leaves(std::uint32_t log, std::string_view body) const {
  const LeavesRequest request = TRY(LeavesRequest::decode(body));
  const std::uint64_t to = std::min(request.to, request.from + leaves_per_answer);
  std::vector<LeafBytes> leaves;
  if (request.from >= to) return std::string();
  const Status read = journal_.for_each_leaf(log, request.from, [&](std::uint64_t at, const LeafBytes& leaf) {
    if (at >= to) return Status(Error{Code::cancelled, "enough"});
    leaves.push_back(leaf);
    return Status();
  });
  if (!read && read.error().code != Code::cancelled) return read.error();
  return encode_leaves(leaves);
}

Result<std::string> Answers::parcels(std::string_view member, std::string_view body) {
  const ParcelsRequest request = TRY(ParcelsRequest::decode(body));
  const auto may = TRY(readable(member));
  if (!may->scopes.last.contains(request.scope)) return refused();
  // What is younger than the head that readers have been offered they couldn't check yet.
  const std::uint64_t size = TRY(heads_.offer(UINT64_MAX - leaves_per_head)).size;
  std::vector<Parcel> parcels = TRY(journal_.parcels(shared_log, request.scope, request.from, parcels_bytes_max));
  const auto beyond = std::ranges::find_if(parcels, [&](const Parcel& parcel) { return parcel.position >= size; });
  parcels.erase(beyond, parcels.end());
  return encode_parcels(parcels);
}

Status Answers::take_receipt(std::string_view member, std::string_view body) {
  const auto log = journal_.known_log(member);
  // With the key of its last record that is here, or a later one.
  const std::uint64_t last = log && log->head.size > 0 ? log->head.size - 1 : 0;
  const auto keys = alliance_.keys_from(member, KeyPurpose::record, last);
  const Receipt receipt = TRY(Receipt::read(body, keys));
  if (receipt.reader != member || receipt.origin != journal_.head(shared_log).origin) {
    return Error{Code::invalid_argument, "the receipt is of another reader or for another log"};
  }
  // Or what isn't written yet would count as taken over already.
  const std::uint64_t size = journal_.head(shared_log).size;
  if (receipt.size > size) {
    return Error{Code::conflict, "the receipt is for more records than the log has"};
  }
  // One that comes late, or once more, takes nothing back.
  if (const auto before = TRY(ledger_.receipt(member, Ledger::Way::received))) {
    const auto known = Receipt::read(*before, keys);
    if (known && known->size > receipt.size && known->size <= size) return {};
  }
  return ledger_.receipt(member, Ledger::Way::received, body);
}

}  // namespace fristad
