// A node among others: its card, joining, what it shares and with whom, and the brake that pulls itself.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/hex.h"
#include "base/log.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "federation/federation.h"
#include "node/conformance_tools.h"
#include "node/node_impl.h"

namespace fristad {
namespace {

constexpr std::int64_t overturned_for_ms = std::int64_t{30} * 24 * 3600 * 1000;
constexpr int overturned_max = 3;
constexpr std::string_view watching_actor = "fristad";

// With the key that is in use when it signs.
Signer record_signer(const Journal& journal) {
  return [&journal](Bytes message) { return journal.sign(message); };
}

struct ToldErasure {
  ErasureConfirmation shown = {};
  ErasedParts parts = {};
  Place erased = {};  // where the first revision of the erased record stands
  // The same for those who may read its scope no more, in scopes of theirs.
  std::vector<std::pair<std::string, std::uint64_t>> beside = {};
};

// Counted from year 0.
std::int64_t quarter_of(std::int64_t utc_ms) {
  using namespace std::chrono;
  const year_month_day date(floor<days>(sys_time<milliseconds>(milliseconds(utc_ms))));
  return 4 * std::int64_t{static_cast<int>(date.year())} + (static_cast<unsigned>(date.month()) - 1) / 3;
}

}  // namespace

Status Node::Impl::open_membership() {
  alliance = TRY(Alliance::open(
      *journal, {.sign = record_signer(*journal), .random = seams.random, .conformance = conformance_tools()}));
  ledger = TRY(Ledger::open(*store));
  ReaderOptions reading{
      .witness = SigningKey::from_seed(keys.witness_now()), .sign = record_signer(*journal), .clock = seams.clock};
  reading.on_own_head = [this](std::string_view member, std::uint64_t size) { compare_own(member, size); };
  reading.recovers = [this] { return recovering.load(); };
  reader = TRY(Reader::open(*journal, *alliance, *ledger, std::move(reading)));
  const auto restored = read_file(restored_path(), 100);
  if (restored && alliance->membership()->alliance) {
    recovering = *restored == restored_recovers;
    hold();
  } else {
    // What can't be recorded now is at the next open.
    static_cast<void>(journal->record_due_erasures(watching_actor));
  }
  journal->subscribe([this](std::span<const Record> records) { heard(records); });
  return {};
}

// ---- An older copy of ourselves ----

std::vector<std::string> Node::Impl::to_be_asked() const {
  std::vector<std::string> others;
  const auto now = alliance->membership();
  if (!now->state) return others;
  for (const auto& [code, other] : now->state->members) {
    if (code != settings.member && other.standing == Standing::active && !compared.contains(code)) {
      others.push_back(code);
    }
  }
  return others;
}

void Node::Impl::hold() const {
  std::string others;
  for (const std::string& code : to_be_asked()) others += (others.empty() ? "" : ", ") + code;
  journal->hold_shared(
      recovering ? "this node takes back from the other members what it wrote after the backup that it was restored "
                   "from, and records nothing that others could read meanwhile. To be asked: " +
                       others
                 : "this node was restored from a backup, and may have written more since: until every active member "
                   "has told it how much of its log there is, it records nothing that others could read. Let it "
                   "serve, and look at fristad alliance status");
}

void Node::Impl::compare_own(std::string_view member, std::uint64_t size) {
  const std::uint64_t own = journal->head(shared_log).size;
  std::error_code error;
  if (size <= own && !std::filesystem::exists(restored_path(), error)) return;
  const std::scoped_lock one_at_a_time(comparing);
  if (size > own) {
    // A restart doesn't make it any newer.
    if (!std::filesystem::exists(restored_path(), error)) {
      static_cast<void>(write_file(restored_path(), "", FileAccess::owner_only, FileExists::replace));
    }
    journal->hold_shared("this node is an older copy of itself: \"" + std::string(member) + "\" knows " +
                         std::to_string(size) + " records of its log, and here are " + std::to_string(own) +
                         ". Go on with the newer copy; where that is lost, let this one take over what the others have "
                         "read of it: fristad alliance recover");
    return;
  }
  compared.emplace(member);
  let_go_if_complete();
}

void Node::Impl::let_go_if_complete() {
  std::error_code error;
  if (!std::filesystem::exists(restored_path(), error) || !alliance->membership()->state) return;
  if (to_be_asked().empty()) {
    const Status done = let_go();
    if (done) return;
    journal->hold_shared(
        "what the other members gave back of this node's log couldn't be taken over, and is tried "
        "again: " +
        done.error().message);
  } else if (recovering) {
    hold();
  }
}

Status Node::Impl::let_go() {
  if (recovering) {
    const Recovered recovered = TRY(journal->end_recovery(watching_actor));
    if (recovered.erased) TRY(write_file(unfinished_path(), "", FileAccess::owner_only, FileExists::replace));
    {
      const std::scoped_lock one_at_a_time(erasing);
      TRY(complete_erasures());
    }
    stated_quarter.reset();
    // What came back may say that there are members whom nobody has asked.
    if (!to_be_asked().empty()) {
      TRY(journal->start_recovery(watching_actor));
      hold();
      return {};
    }
    // The index has followed leaves that were empty then.
    if (material) TRY(material->save());
  }
  // It stays held until this is gone.
  if (unlink(restored_path().c_str()) != 0) return os_error("cannot remove " + restored_path(), errno);
  recovering = false;
  journal->hold_shared("");
  // What is due and can't be recorded now is, when the node is opened next.
  static_cast<void>(journal->record_due_erasures(watching_actor));
  return {};
}

Status Node::recover(const By& by) {
  Impl& impl = *impl_;
  const std::scoped_lock one_at_a_time(impl.comparing);
  std::error_code error;
  if (!std::filesystem::exists(impl.restored_path(), error)) {
    return Error{Code::conflict, "this node lacks nothing of its log, as far as other members have told it"};
  }
  if (!impl.alliance->membership()->state) {
    return Error{Code::conflict, "this node is no member of an alliance: nobody has read what it wrote"};
  }
  TRY(impl.journal->start_recovery(by));
  TRY(write_file(impl.restored_path(), restored_recovers, FileAccess::owner_only, FileExists::replace));
  impl.compared.clear();
  impl.recovering = true;
  impl.hold();
  return {};
}

bool Node::Impl::follows(std::string_view member, std::string_view scope) const {
  const auto now = alliance->membership();
  return now->state && now->state->is_active(member) && now->state->is_active(settings.member) &&
         reader->follows(member, scope);
}

std::string Node::Impl::why_no_heads() const {
  const std::int64_t offset_ms = reader ? reader->clock_offset_ms() : 0;
  if (std::abs(offset_ms) <= clock_wrong_ms) return {};
  return "this node's clock is " + std::to_string((std::abs(offset_ms) + 30'000) / 60'000) + " minutes " +
         (offset_ms > 0 ? "behind" : "ahead of") +
         " that of most other members: until it is right no head of the log is signed, and they read nothing new of it";
}

Origin Node::Impl::origin_of(std::string_view member) const {
  const auto now = alliance->membership();
  Origin origin;
  origin.muted = now->muted.contains(member);
  origin.cosigned = member == settings.member ? UINT64_MAX : reader->cosigned(member);
  const AllianceMember* const found = now->state ? now->state->find(member) : nullptr;
  if (found != nullptr && found->standing == Standing::active) origin.jurisdiction = jurisdiction_of(found->card);
  if (!now->state && member == settings.member) origin.jurisdiction = settings.member;
  return origin;
}

void Node::Impl::heard(std::span<const Record> records) const {
  const bool erased = std::ranges::any_of(
      records, [](const Record& record) { return record.place.log >= own_logs && record.payload.kind == kind_erased; });
  // Whoever tends the node finds the file and gets the bytes out; see finish_erasures().
  if (erased) static_cast<void>(write_file(unfinished_path(), "", FileAccess::owner_only, FileExists::replace));
}

// ---- Card and joining ----

Result<Card> Node::card(const CardDraft& draft) const {
  Card card;
  card.member = impl_->settings.member;
  card.name = draft.name;
  card.kind = draft.kind;
  card.jurisdiction = draft.jurisdiction;
  card.address = draft.address;
  card.remit = draft.remit;
  card.root = impl_->settings.root_key;
  std::ranges::sort(card.remit);
  const std::scoped_lock lock(impl_->rotating);
  if (impl_->settings.statements.size() != card.statements.size()) {
    return Error{Code::damaged, "node.json doesn't hold a statement of the root key for each of the node's keys"};
  }
  std::ranges::copy(impl_->settings.statements, card.statements.begin());
  return sign_card(std::move(card), impl_->journal->record_key(), record_signer(*impl_->journal));
}

Result<Card> Node::own_card() const {
  const auto now = impl_->alliance->membership();
  const AllianceMember* const own = now->state ? now->state->find(impl_->settings.member) : nullptr;
  if (own == nullptr) return Error{Code::not_found, "this node is no member of an alliance"};
  return own->card;
}

Result<std::string> Node::accept(const By& by, std::string_view letter, const Card& own) {
  const InvitationLetter read = TRY(read_invitation(letter));
  std::string answer = TRY(impl_->alliance->accept(by, letter, own));
  for (const Card& founder : read.founding.founders) TRY(impl_->ledger->introduce(founder));
  // Newer than what it founded with.
  TRY(impl_->ledger->introduce(read.inviter));
  return answer;
}

Status Node::leave(const By& by, std::string_view reason) {
  const auto now = impl_->alliance->membership();
  if (now->state) {
    for (const auto& [code, member] : now->state->members) {
      if (member.standing == Standing::active && code != impl_->settings.member) {
        TRY(impl_->ledger->introduce(member.card));
      }
    }
  }
  return impl_->alliance->leave(by, reason);
}

// ---- Sharing ----

Status Node::share(const By& by, const ListId& list, std::span<const std::string> readers) {
  TRY(impl_->material->list(list));
  if (std::ranges::find(readers, whole_alliance) != readers.end()) {
    const std::int64_t others = TRY(impl_->material->not_baseline(list));
    if (others > 0) {
      return Error{Code::permission_denied,
                   "the whole alliance gets INTERPOL baseline alone, and this list has " + std::to_string(others) +
                       " other entries: share it with members by name, or move them to another list"};
    }
  }
  return impl_->alliance->grant(by, list, readers);
}

Status Node::stop_sharing(const By& by, const ListId& list, std::span<const std::string> readers) {
  const By both(by.actor, [&](Decision& decision) -> Status {
    TRY(impl_->repeat_unread(decision, list));
    return by.also ? by.also(decision) : Status();
  });
  return impl_->alliance->withdraw(both, list, readers);
}

// Corrections that were recorded while they could still read the list, and that their receipts don't say they have.
Status Node::Impl::repeat_unread(Decision& decision, const ListId& list) const {
  std::string scope;
  std::uint64_t from = UINT64_MAX;
  for (const auto& [member, heard] : TRY(former_readers_in(decision.views(), to_text(list)))) {
    if (std::ranges::find(decision.recorded(), heard.since, &Recorded::place) == decision.recorded().end()) continue;
    scope = heard.scope;
    const std::uint64_t read = TRY(read_by(member));
    // What it read before it was let in says nothing.
    from = std::min(from, read > TRY(let_in_at(decision.views(), list, member)).position ? read : 0);
  }
  if (scope.empty()) return {};
  std::vector<Draft> drafts;
  for (const std::string_view kind : {kind_withdrawn, kind_erased}) {
    const int schema = kind == kind_withdrawn ? withdrawn_beside : 1;
    TRY(decision.for_each_in(to_text(list), kind, from, [&](const Record& record) {
      Json body = record.payload.body;
      body.members()->erase("facts");
      drafts.push_back({.kind = record.payload.kind, .scope = scope, .body = std::move(body), .schema = schema});
      return Status();
    }));
  }
  for (Draft& draft : drafts) TRY(decision.emit(std::move(draft)));
  return {};
}

Result<std::uint64_t> Node::Impl::read_by(std::string_view member) const {
  const auto text = TRY(ledger->receipt(member, Ledger::Way::received));
  if (!text) return std::uint64_t{0};
  const auto receipt = Receipt::read(*text, alliance->keys_from(member, KeyPurpose::record, 0));
  return receipt ? receipt->size : std::uint64_t{0};
}

Result<std::vector<ErasureConfirmation>> Node::erasure_confirmations() const {
  const auto now = impl_->alliance->membership();
  std::vector<ErasureConfirmation> all;
  if (!now->state) return all;
  std::vector<std::pair<std::string, std::uint64_t>> sizes;  // up to where each member has read us
  for (const auto& [code, member] : now->state->members) {
    if (code == impl_->settings.member) continue;
    sizes.emplace_back(code, TRY(impl_->read_by(code)));
  }
  std::vector<ToldErasure> erasures;
  TRY(impl_->journal->for_each_of_kind(shared_log, kind_erased, [&](const Record& record) -> Status {
    const std::string& scope = record.payload.scope;
    const ErasedParts parts = TRY(erased_parts(record));
    if (TRY(impl_->alliance->corrects(scope))) {
      // The last of the same: it may be erased once more, for whatever reason.
      const auto told = std::ranges::find_if(erasures.rbegin(), erasures.rend(),
                                             [&](const ToldErasure& one) { return one.parts == parts; });
      if (told != erasures.rend()) told->beside.emplace_back(scope, record.place.position);
      return {};
    }
    const std::vector<Place> erased = TRY(impl_->journal->places(parts.record));
    ToldErasure& one = erasures.emplace_back();
    one.parts = parts;
    if (!erased.empty()) one.erased = erased.front();
    one.shown = {.position = record.place.position, .at_ms = record.payload.at_ms, .scope = scope};
    return {};
  }));
  for (ToldErasure& one : erasures) {
    const FormerReaders former = TRY(impl_->alliance->former_readers(one.shown.scope));
    for (const auto& [code, size] : sizes) {
      if (!TRY(impl_->alliance->hears_corrections(code, one.shown.scope))) continue;
      const auto lost = former.find(code);
      if (lost != former.end() && one.erased >= lost->second.since) continue;  // never had it
      // Who was told nowhere may have it still.
      bool confirmed = size > one.shown.position && TRY(impl_->alliance->reads(code, one.shown.scope));
      bool beside = false;
      for (const auto& [scope, position] : one.beside) {
        confirmed = confirmed || (size > position && TRY(impl_->alliance->reads(code, scope)));
        beside = beside || (lost != former.end() && scope == lost->second.scope);
      }
      // It had confirmed it when it lost the scope: else it would have been repeated for it.
      if (lost != former.end() && !beside && one.shown.position < lost->second.since.position) {
        confirmed = confirmed || TRY(impl_->alliance->reads(code, lost->second.scope));
      }
      (confirmed ? one.shown.confirmed : one.shown.open).push_back(code);
    }
    if (!one.shown.confirmed.empty() || !one.shown.open.empty()) all.push_back(std::move(one.shown));
  }
  return all;
}

// ---- Watching ----

Result<Audit> Node::draw_audit(const By& by, const std::string& member, std::int64_t count) {
  const auto now = impl_->alliance->membership();
  const AllianceMember* const own = now->state ? now->state->find(impl_->settings.member) : nullptr;
  const AllianceMember* const other = now->state ? now->state->find(member) : nullptr;
  const bool active =
      own != nullptr && other != nullptr && own->standing == Standing::active && other->standing == Standing::active;
  if (!active || jurisdiction_of(own->card) == jurisdiction_of(other->card)) {
    return Error{Code::permission_denied, "an active member examines entries of another jurisdiction's active member"};
  }
  for (Audit& audit : TRY(impl_->material->audits())) {
    if (audit.by == impl_->settings.member && audit.member == member && !audit.result) return std::move(audit);
  }
  Journal& journal = *impl_->journal;
  const auto known = journal.known_log(member);
  const std::uint64_t size = impl_->reader->cosigned(member);
  const auto note =
      known && size > 0 ? TRY(journal.signed_head(known->number, size - 1, size)) : std::optional<std::string>();
  if (!note)
    return Error{Code::unavailable,
                 "too few have cosigned the log of "
                 " + member + "
                 " yet: wait for them"};
  const Checkpoint theirs = TRY(parse_checkpoint(TRY(parse_note(*note)).text));
  const Checkpoint ours = TRY(parse_checkpoint(TRY(parse_note(TRY(journal.checkpoint(shared_log)))).text));
  return impl_->material->draw_audit(by, member, {.size = size, .root = theirs.root, .own_root = ours.root}, count);
}

// In the quarter in which the node joined there is little to say yet.
Status Node::Impl::state_counts_if_due() {
  const auto now = alliance->membership();
  if (!now->state || !now->state->is_active(settings.member) || !journal->shared_held().empty()) return {};
  // What is stated with a wrong clock, be it in a year to come, would be the last for long.
  if (!why_no_heads().empty()) return {};
  if (!stated_quarter) {
    std::int64_t last_ms = seams.clock.utc_ms();
    if (const auto first = journal->read(Place{shared_log, 0})) last_ms = first->payload.at_ms;
    TRY(journal->for_each_of_kind(shared_log, kind_stated, [&](const Record& record) {
      if (record.payload.at_ms <= seams.clock.utc_ms()) last_ms = record.payload.at_ms;
      return Status();
    }));
    stated_quarter = quarter_of(last_ms);
  }
  const std::int64_t quarter = quarter_of(seams.clock.utc_ms());
  if (quarter <= *stated_quarter) return {};
  TRY(material->state_counts(watching_actor));
  stated_quarter = quarter;
  return {};
}

Result<std::vector<std::string>> Node::watch_members() {
  {
    // Where nobody is left to be asked, nobody's answer comes.
    const std::scoped_lock one_at_a_time(impl_->comparing);
    impl_->let_go_if_complete();
  }
  TRY(impl_->state_counts_if_due());
  std::vector<std::string> muted;
  const std::int64_t since_ms = impl_->seams.clock.utc_ms() - overturned_for_ms;
  const auto overturned = TRY(impl_->material->overturned(since_ms));
  for (const auto& [member, count] : overturned) {
    if (count < overturned_max || impl_->alliance->is_muted(member)) continue;
    const Status done = impl_->alliance->mute(watching_actor, member, true,
                                              std::to_string(count) + " of its entries were overturned in 30 days");
    // Somebody else did it in the same moment, or it is no member any more.
    if (!done && done.error().code != Code::conflict && done.error().code != Code::not_found) return done.error();
    if (done) muted.push_back(member);
  }
  return muted;
}

Result<std::unique_ptr<Federation>> Node::join(const Log& log, const JoinOptions& options) {
  FederationOptions federation;
  federation.address = options.address;
  federation.port = options.port;
  {
    const std::scoped_lock lock(impl_->rotating);
    federation.identity = impl_->identity();
  }
  federation.renewed = [this, &log, shown = SigningKey::from_seed(federation.identity.seed).public_key()]() mutable {
    return renewed_identity(log, shown);
  };
  federation.clock = impl_->seams.clock;
  federation.random = impl_->seams.random;
  federation.beat_ms = options.beat_ms;
  return Federation::start(*impl_->journal, *impl_->alliance, *impl_->ledger, *impl_->reader, log,
                           std::move(federation));
}

}  // namespace fristad
