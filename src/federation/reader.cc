#include "federation/reader.h"

#include <algorithm>
#include <cstdlib>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t refused_max = 1000;
constexpr std::int64_t remembered_for_ms = 10 * 60'000;
// Journal::extend() takes no more at once; what is to be taken is in memory until then.
constexpr std::uint64_t leaves_max = std::uint64_t{1} << 20;

Error damaged(std::string what) {
  return {Code::damaged, std::move(what)};
}

Result<Checkpoint> unproved(std::string_view note) {
  return parse_checkpoint(TRY(parse_note(note)).text);
}

// Of the network, the disk, or whether it talks to us at all: other scopes would fare no better.
bool is_of_all_scopes(Code code) {
  return code == Code::unavailable || code == Code::deadline_exceeded || code == Code::cancelled ||
         code == Code::internal;
}

// What binds all comes first: the rest is read in its light.
int rank(std::string_view scope) {
  return scope == "public" ? 0 : scope == "alliance" ? 1 : 2;
}

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(Journal& journal, const Alliance& alliance, Ledger& ledger,
                                             ReaderOptions options) {
  std::unique_ptr<Reader> reader(new Reader(journal, alliance, ledger, std::move(options)));
  for (const PeerRow& peer : TRY(ledger.peers())) {
    reader->cosigned_[peer.member] = peer.cosigned;
    reader->answered_ms_[peer.member] = peer.contact_ms;
    if (peer.contact_ms > 0) reader->offsets_[peer.member] = {.ms = peer.clock_offset_ms, .remembered = true};
  }
  reader->lost_ = TRY(ledger.lost());
  return reader;
}

// It was answered at some time between that of the question and now: what lies between is no offset.
void Reader::note_clock(const std::string& member, std::int64_t theirs_ms, std::int64_t asked_ms) {
  const std::int64_t now_ms = options_.clock.utc_ms();
  const std::int64_t closest_ms = std::clamp(theirs_ms, std::min(asked_ms, now_ms), std::max(asked_ms, now_ms));
  const std::scoped_lock lock(mutex_);
  offsets_[member] = {.ms = theirs_ms - closest_ms};
}

std::int64_t Reader::clock_offset_ms() const {
  const auto now = alliance_.membership();
  std::vector<std::int64_t> all{0};
  {
    const std::scoped_lock lock(mutex_);
    // A clock that was wrong before a restart is wrong behind it, but not for ever, where nobody answers.
    const bool remember = options_.clock.steady_ms() - opened_steady_ms_ < remembered_for_ms;
    for (const auto& [member, offset] : offsets_) {
      if (offset.remembered && !remember) continue;
      if (!now->state || now->state->is_active(member)) all.push_back(offset.ms);
    }
  }
  std::ranges::sort(all);
  const std::int64_t low = all[(all.size() - 1) / 2];
  const std::int64_t high = all[all.size() / 2];
  // Of an even number the one that is nearer to our own.
  return std::abs(low) < std::abs(high) ? low : high;
}

bool Reader::follows(std::string_view member, std::string_view scope) const {
  const std::scoped_lock lock(mutex_);
  const auto answered = answered_ms_.find(member);
  if (answered == answered_ms_.end() || options_.clock.utc_ms() - answered->second > followed_for_ms) return false;
  const auto lost = lost_.find(member);
  return lost == lost_.end() || !lost->second.contains(scope);
}

Status Reader::note_lost(const std::string& member, const ScopesAnswer& answer, const std::vector<ScopeSpan>& here) {
  Ledger::Scopes lost;
  for (const ScopeSpan& span : here) {
    if (span.last > 0 && !answer.last.contains(span.scope)) lost.insert(span.scope);
  }
  {
    const std::scoped_lock lock(mutex_);
    const auto known = lost_.find(member);
    if (known == lost_.end() ? lost.empty() : known->second == lost) return {};
  }
  TRY(ledger_.lost(member, lost));
  const std::scoped_lock lock(mutex_);
  lost_[member] = std::move(lost);
  return {};
}

void Reader::set_witness(SigningKey key) {
  const std::scoped_lock lock(mutex_);
  witness_ = std::make_shared<const SigningKey>(std::move(key));
}

std::uint64_t Reader::cosigned(std::string_view member) const {
  const std::scoped_lock lock(mutex_);
  const auto found = cosigned_.find(member);
  return found == cosigned_.end() ? 0 : found->second;
}

std::optional<PublicKey> Reader::key_of(std::string_view member, KeyPurpose purpose, std::uint64_t position) const {
  if (const auto key = alliance_.key_of(member, purpose, position)) return key;
  const auto now = alliance_.membership();
  if (now->state && now->state->find(member) != nullptr) return std::nullopt;
  const auto introduced = ledger_.introduced();
  if (!introduced) return std::nullopt;
  const auto card = std::ranges::find(*introduced, member, &Card::member);
  if (card == introduced->end() || card->key(purpose).valid_from > position) return std::nullopt;
  return card->key(purpose).key;
}

Result<Pulled> Reader::pull(const std::string& member, const Ask& ask) {
  Pull pull{.member = member, .ask = ask};
  const auto known = journal_.known_log(member);
  const HeadRequest request{.known = known ? known->head.size : 0};
  const std::int64_t asked_ms = options_.clock.utc_ms();
  const HeadAnswer answer = TRY(HeadAnswer::decode(TRY(ask(Question::head, request.encode()))));
  note_clock(member, answer.at_ms, asked_ms);
  const auto own = TRY(look_at_own(pull, answer.yours));
  // Bad news at once; and good news once all that it says itself is read, who else may know more of us among it.
  const bool behind = own && *own > journal_.head(shared_log).size;
  if (behind) options_.on_own_head(member, *own);
  auto pulled = read_all(pull, answer);
  // Where its log can't be read, that is told to people, and changes nothing in what it has said of ours.
  const bool read = pulled || pulled.error().code == Code::conflict || pulled.error().code == Code::damaged;
  if (own && !behind && read) options_.on_own_head(member, *own);
  return pulled;
}

Result<Pulled> Reader::read_all(Pull& pull, const HeadAnswer& answer) {
  const std::string& member = pull.member;
  const auto known = journal_.known_log(member);
  auto head = checked(member, answer.head);
  if (!head) {
    // Its keys may be others now: how that was voted on stands in what is here of its log, if nowhere else.
    if (known) static_cast<void>(read_known(pull, *known));
    return head.error();
  }
  pull.head = *std::move(head);
  TRY(extend(pull, answer));
  TRY(vouch(pull, answer));
  TRY(note_cosigned(pull, answer.head));
  if (answer.cosigned) TRY(note_cosigned(pull, *answer.cosigned));
  {
    const std::scoped_lock lock(mutex_);
    const auto complete = complete_.find(member);
    pull.pulled.complete = complete != complete_.end() && complete->second == answer.scopes;
  }
  if (!pull.pulled.complete) {
    TRY(read_scopes(pull));
  } else if (pull.pulled.leaves > 0) {
    // Nothing of what is new is for us: that is said too.
    TRY(give_receipt(pull, answer.scopes));
  }
  const std::int64_t now_ms = options_.clock.utc_ms();
  std::int64_t offset_ms = 0;
  {
    const std::scoped_lock lock(mutex_);
    offset_ms = offsets_[member].ms;
  }
  TRY(ledger_.answered(member, now_ms, offset_ms));
  const std::scoped_lock lock(mutex_);
  answered_ms_[member] = now_ms;
  return pull.pulled;
}

// ---- Heads and leaves ----

Result<HeadKeys> Reader::keys_for(const std::string& member, const SeenHead& head) const {
  const Checkpoint says = TRY(unproved(head.note));
  if (says.origin != shared_origin_of(member)) return damaged("the head that " + member + " shows is of another log");
  const auto key = key_of(member, KeyPurpose::log, says.size);
  if (!key) return Error{Code::not_found, "no key of " + member + " is known for the heads of its log"};
  return head_keys(*alliance_.membership(), {.name = says.origin, .key = *key});
}

Result<CheckedHead> Reader::checked(const std::string& member, const SeenHead& head) const {
  auto checked = check_head(head, TRY(keys_for(member, head)));
  if (!checked && checked.error().code == Code::permission_denied) {
    return damaged("the head that " + member + " shows isn't signed by the key of its log");
  }
  return checked;
}

Result<std::optional<std::string>> Reader::head_at(std::uint32_t log, std::uint64_t size) const {
  if (size == 0) return std::optional<std::string>();
  return journal_.signed_head(log, size - 1, size);
}

Result<std::optional<std::uint64_t>> Reader::look_at_own(const Pull& pull, std::string_view note) {
  if (!options_.on_own_head) return std::optional<std::uint64_t>();
  // A head that we didn't sign says nothing about us.
  const LogHead own = journal_.head(shared_log);
  const auto says = unproved(note);
  const std::uint64_t size = says ? says->size : 0;
  // Keys that we know of as the others do, where this node is an older copy that doesn't have them.
  const auto key = alliance_.key_of(journal_.member(), KeyPurpose::log, size);
  const NoteKey log_key{.name = own.origin, .key = key ? *key : journal_.log_key(shared_log, size)};
  if (!note.empty() && !verify_checkpoint(note, log_key, {})) return std::optional<std::uint64_t>();
  if (says && options_.recovers && options_.recovers()) TRY(recover(pull, *says, note));
  return std::optional(size);
}

Status Reader::recover(const Pull& pull, const Checkpoint& head, std::string_view note) {
  const auto size = static_cast<std::int64_t>(head.size);
  {
    const std::scoped_lock one_at_a_time(recovering_);
    TRY(recover_leaves(pull, head, note));
    if (const auto done = recovered_.find(pull.member); done != recovered_.end() && done->second >= head.size)
      return {};
  }
  std::map<std::string, std::int64_t, std::less<>> here;
  for (ScopeSpan& span : TRY(journal_.spans(shared_log))) here.emplace(std::move(span.scope), span.last);
  const ScopesAnswer answer = TRY(ScopesAnswer::decode(TRY(pull.ask(Question::own_scopes, ""))));
  std::int64_t all = 0;
  for (const auto& [scope, last] : answer.last) {
    // Each record has one number in one scope.
    if (last > size - all) return damaged(pull.member + " says that we wrote more than we did");
    all += last;
  }
  for (const auto& [scope, last] : answer.last) {
    for (std::int64_t from = here[scope] + 1; from <= last;) {
      const ParcelsRequest request{.scope = scope, .from = from};
      const auto parcels = TRY(decode_parcels(TRY(pull.ask(Question::own_parcels, request.encode()))));
      for (const Parcel& parcel : parcels) {
        if (parcel.sequence < from || parcel.sequence > last) {
          return damaged(pull.member + " gives back other records of ours than those that we asked for");
        }
        from = parcel.sequence + 1;
      }
      TRY(journal_.recover(scope, last, parcels));
      if (parcels.empty()) break;
    }
  }
  const std::scoped_lock one_at_a_time(recovering_);
  recovered_[pull.member] = head.size;
  return {};
}

Status Reader::recover_leaves(const Pull& pull, const Checkpoint& head, std::string_view note) {
  const std::uint64_t own = journal_.head(shared_log).size;
  if (head.size <= own) return {};
  if (head.size - own > leaves_max) {
    return Error{Code::too_large, pull.member + " knows " + std::to_string(head.size - own) +
                                      " records of this node that aren't here: restore a newer backup"};
  }
  const std::vector<LeafBytes> lacking = TRY(leaves(pull, Question::own_leaves, own, head.size));
  return journal_.extend(
      {.member = journal_.member(),
       .from = own,
       .leaves = lacking,
       .head = head,
       .note = note,
       .key_at = [&](std::uint64_t at) { return key_of(journal_.member(), KeyPurpose::record, at); }});
}

Status Reader::extend(Pull& pull, const HeadAnswer& answer) {
  const auto known = journal_.known_log(pull.member);
  const std::uint64_t size = known ? known->head.size : 0;
  const Checkpoint& head = pull.head.checkpoint;
  if (head.size < size) {
    const auto then = TRY(head_at(known->number, head.size));
    if (then && TRY(unproved(*then)).root != head.root) return accuse(pull, *then, answer.head.note);
    return Error{Code::conflict, "the log of " + pull.member + " is shorter than it was: " + std::to_string(head.size) +
                                     " records, and " + std::to_string(size) + " before. Ask them what happened"};
  }
  if (head.size == size) {
    if (!known || head.root == known->head.root) return {};
    return accuse(pull, TRY(head_at(known->number, size)).value_or(""), answer.head.note);
  }
  if (head.size - size > leaves_max) {
    return Error{Code::too_large, pull.member + " shows a head that is " + std::to_string(head.size - size) +
                                      " records away from what is here: none so far is taken over"};
  }
  const std::vector<LeafBytes> fresh = TRY(leaves(pull, Question::leaves, size, head.size));
  const Status extended =
      journal_.extend({.member = pull.member,
                       .from = size,
                       .leaves = fresh,
                       .head = head,
                       .note = answer.head.note,
                       .key_at = [&](std::uint64_t at) { return key_of(pull.member, KeyPurpose::record, at); }});
  if (extended) {
    pull.pulled.leaves = fresh.size();
    return {};
  }
  if (extended.error().code != Code::damaged || !known) return extended;
  return explain_break(pull, answer, *known, extended.error());
}

Result<std::vector<LeafBytes>> Reader::leaves(const Pull& pull, Question question, std::uint64_t from,
                                              std::uint64_t to) {
  std::vector<LeafBytes> all;
  while (from + all.size() < to) {
    const LeavesRequest request{.from = from + all.size(), .to = std::min(to, from + all.size() + leaves_per_answer)};
    const auto some = TRY(decode_leaves(TRY(pull.ask(question, request.encode()))));
    if (some.empty() || some.size() > request.to - request.from) {
      return damaged(pull.member + " doesn't show the leaves that its head stands for");
    }
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Status Reader::explain_break(const Pull& pull, const HeadAnswer& answer, const KnownLog& known, const Error& error) {
  MerkleFrontier tree;
  Digest then{};
  while (tree.size() < pull.head.checkpoint.size) {
    const std::uint64_t to = std::min(pull.head.checkpoint.size, tree.size() + leaves_per_answer);
    for (const LeafBytes& leaf : TRY(leaves(pull, Question::leaves, tree.size(), to))) {
      tree.append(leaf_hash(leaf));
      if (tree.size() == known.head.size) then = tree.root();
    }
  }
  const bool whole = tree.root() == pull.head.checkpoint.root;
  if (!whole || then == known.head.root) return error;
  return accuse(pull, TRY(head_at(known.number, known.head.size)).value_or(""), answer.head.note);
}

Status Reader::accuse(const Pull& pull, std::string_view known, std::string_view other) {
  TRY(ledger_.accuse({.member = pull.member,
                      .at_ms = options_.clock.utc_ms(),
                      .known = std::string(known),
                      .other = std::string(other)}));
  return damaged(pull.member +
                 " has signed two histories of its log: the evidence is kept, and nothing of the second is " +
                 "read. Tell the other members");
}

// ---- Witnesses ----

Status Reader::vouch(Pull& pull, const HeadAnswer& answer) {
  if (pull.head.cosigners.contains(journal_.member()) || pull.head.checkpoint.size == 0) return {};
  const Note note = TRY(parse_note(answer.head.note));
  const auto seconds = static_cast<std::uint64_t>(options_.clock.utc_ms() / 1000);
  std::shared_ptr<const SigningKey> witness;
  {
    const std::scoped_lock lock(mutex_);
    witness = witness_;
  }
  const std::string line = TRY(cosign(note.text, witness_name(journal_.member()), *witness, seconds));
  // Meanwhile it may show another head, or know us as no witness yet: the next pull brings the next chance.
  const auto taken = pull.ask(Question::cosignature, line);
  pull.pulled.vouched = taken.has_value();
  if (taken || taken.error().code == Code::conflict || taken.error().code == Code::permission_denied) return {};
  return taken.error();
}

Status Reader::note_cosigned(const Pull& pull, const SeenHead& head) {
  const auto now = alliance_.membership();
  const auto known = journal_.known_log(pull.member);
  if (!now->state || !known) return {};
  // Of a head beyond what is here we may not even know the key yet.
  if (TRY(unproved(head.note)).size > known->head.size) return {};
  const CheckedHead seen = TRY(checked(pull.member, head));
  const std::uint64_t size = seen.checkpoint.size;
  if (size == 0 || size <= cosigned(pull.member) || !are_enough(*now->state, pull.member, seen.cosigners)) return {};
  // Of a head that we never came by we can't tell whether it is one of this history.
  const auto ours = TRY(head_at(known->number, size));
  if (!ours || TRY(unproved(*ours)).root != seen.checkpoint.root) return {};
  TRY(ledger_.cosigned(pull.member, size, static_cast<std::int64_t>(seen.cosigners.size()), options_.clock.utc_ms()));
  const std::scoped_lock lock(mutex_);
  cosigned_[pull.member] = size;
  return {};
}

// ---- Contents ----

Status Reader::read_scopes(Pull& pull) {
  const auto known = journal_.known_log(pull.member);
  if (!known) return {};
  const ScopesAnswer answer = TRY(ScopesAnswer::decode(TRY(pull.ask(Question::scopes, ""))));
  std::map<std::string, std::int64_t> here;
  const std::vector<ScopeSpan> spans = TRY(journal_.spans(known->number));
  for (const ScopeSpan& span : spans) here[span.scope] = span.last;
  TRY(note_lost(pull.member, answer, spans));
  std::vector<std::string> order;
  for (const auto& [scope, number] : answer.last) order.push_back(scope);
  std::ranges::stable_sort(order, {}, rank);
  // What is wrong in one scope doesn't keep back the others.
  bool complete = true;
  Status first_wrong;
  for (const std::string& scope : order) {
    const std::int64_t to = answer.last.find(scope)->second;
    Result<bool> read = true;
    if (here[scope] > to) read = damaged(pull.member + " holds back records that it has shown before");
    if (here[scope] < to) read = read_scope(pull, scope, here[scope], to);
    complete = complete && read && *read;
    if (read) continue;
    if (first_wrong) first_wrong = read.error();
    if (is_of_all_scopes(read.error().code)) break;
  }
  pull.pulled.complete = complete;
  if (!complete) return first_wrong;
  const Digest digest = answer.digest();
  TRY(give_receipt(pull, digest));
  const std::scoped_lock lock(mutex_);
  complete_[pull.member] = digest;
  return {};
}

Status Reader::read_known(Pull& pull, const KnownLog& known) {
  const auto note = TRY(head_at(known.number, known.head.size));
  if (!note) return {};
  pull.head = TRY(checked(pull.member, {.note = *note}));
  return read_scopes(pull);
}

Result<bool> Reader::read_scope(Pull& pull, const std::string& scope, std::int64_t last, std::int64_t to) {
  while (last < to) {
    const ParcelsRequest request{.scope = scope, .from = last + 1};
    const auto parcels = TRY(decode_parcels(TRY(pull.ask(Question::parcels, request.encode()))));
    // The rest stands behind the head that is on offer, and comes with the next.
    if (parcels.empty()) return false;
    const std::uint64_t size = pull.head.checkpoint.size;
    const auto beyond = std::ranges::find_if(parcels, [&](const Parcel& one) { return one.position >= size; });
    const std::span<const Parcel> some(parcels.begin(), beyond);
    if (some.empty()) return false;
    const Delivered delivered = TRY(journal_.deliver(pull.member, scope, some));
    pull.pulled.records += delivered.folded + delivered.unknown;
    pull.pulled.quarantined += delivered.quarantined;
    last = std::max(last, delivered.last);
    if (delivered.torn) {
      return damaged("what " + pull.member + " shows of its record " + std::to_string(*delivered.torn) +
                     " isn't what it has signed");
    }
    if (beyond != parcels.end()) return false;
  }
  return true;
}

Status Reader::give_receipt(const Pull& pull, const Digest& scopes) {
  Receipt receipt;
  receipt.reader = journal_.member();
  receipt.origin = pull.head.checkpoint.origin;
  receipt.size = pull.head.checkpoint.size;
  receipt.root = pull.head.checkpoint.root;
  receipt.scopes = scopes;
  receipt.at_ms = options_.clock.utc_ms();
  const std::vector<Quarantined> quarantined = TRY(journal_.quarantined());
  for (const Quarantined& one : quarantined) {
    if (one.member == pull.member) receipt.refused.push_back(one.position);
  }
  if (receipt.refused.size() > refused_max) {
    receipt.refused.erase(receipt.refused.begin(), receipt.refused.end() - static_cast<std::ptrdiff_t>(refused_max));
  }
  TRY(ledger_.read_to(pull.member, receipt.size));
  const std::string text = receipt.sign(journal_.record_key(), options_.sign);
  TRY(ledger_.receipt(pull.member, Ledger::Way::given, text));
  const auto taken = pull.ask(Question::receipt, text);
  // One that doesn't know our key yet gets the next.
  if (taken || taken.error().code == Code::permission_denied || taken.error().code == Code::not_found) return {};
  return taken.error();
}

}  // namespace fristad
