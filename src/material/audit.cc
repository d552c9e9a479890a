#include "material/audit.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/hex.h"
#include "base/try.h"
#include "material/material_impl.h"
#include "record/exchange.h"

namespace fristad {
namespace {

constexpr std::string_view seed_tag = "fristad/audit/1\n";
constexpr std::string_view draw_tag = "fristad/audit draw/1\n";
constexpr std::size_t member_bytes_max = 63;
constexpr std::array<std::string_view, 4> states{"open", "right", "wrong", "gone"};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

Result<std::int64_t> number_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->integer() == nullptr || *member->integer() < 0) {
    return wrong("\"" + std::string(name) + "\" is a number from 0");
  }
  return *member->integer();
}

template <std::size_t size>
Result<std::array<std::uint8_t, size>> hex_in(const Json& body, std::string_view name) {
  std::array<std::uint8_t, size> bytes{};
  const Json* const member = body.find(name);
  if (member == nullptr || member->text() == nullptr || !from_hex(*member->text(), bytes)) {
    return wrong("\"" + std::string(name) + "\" has " + std::to_string(2 * size) + " hex digits");
  }
  return bytes;
}

template <std::size_t size>
std::array<std::uint8_t, size> array_of(Bytes bytes) {
  std::array<std::uint8_t, size> array{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), size), array.begin());
  return array;
}

Json audit_json(const Audit& audit) {
  return Json::object({{"member", audit.member},
                       {"of", audit.of},
                       {"own_root", to_hex(audit.heads.own_root)},
                       {"root", to_hex(audit.heads.root)},
                       {"sample", audit.sample},
                       {"size", static_cast<std::int64_t>(audit.heads.size)}});
}

Result<Audit> audit_from(const Json& body) {
  Audit audit;
  const Json* const member = body.find("member");
  if (member == nullptr || member->text() == nullptr || member->text()->empty() ||
      member->text()->size() > member_bytes_max) {
    return wrong("\"member\" is a code");
  }
  audit.member = *member->text();
  audit.heads.size = static_cast<std::uint64_t>(TRY(number_in(body, "size")));
  audit.heads.root = TRY(hex_in<32>(body, "root"));
  audit.heads.own_root = TRY(hex_in<32>(body, "own_root"));
  audit.of = TRY(number_in(body, "of"));
  audit.sample = TRY(number_in(body, "sample"));
  if (audit.sample > std::min(audit.of, audit_sample_max)) return wrong("a sample is of what there is, at most 1,000");
  return audit;
}

struct ResultBody {
  RecordId audit{};
  Audit::Result result = {};

  Json to_json() const {
    return Json::object(
        {{"audit", to_hex(audit)}, {"examined", result.examined}, {"gone", result.gone}, {"wrong", result.wrong}});
  }
  static Result<ResultBody> from_json(const Json& body) {
    ResultBody read;
    read.audit = TRY(hex_in<16>(body, "audit"));
    read.result.examined = TRY(number_in(body, "examined"));
    read.result.gone = TRY(number_in(body, "gone"));
    read.result.wrong = TRY(number_in(body, "wrong"));
    if (read.result.wrong > read.result.examined) return wrong("what is wrong was examined");
    return read;
  }
};

// The author of an audit is who states what came of it.
bool is_of_author(const RecordId& id, const RecordId& other) {
  return author_tag(id) == author_tag(other);
}

Status check_public(const Record& record) {
  if (record.payload.scope == "public") return {};
  return wrong("an audit is for everybody to see: it is public");
}

}  // namespace

std::string_view to_text(AuditedEntry::State state) {
  return states.at(static_cast<std::size_t>(state));
}

Digest audit_seed(const AuditHeads& heads) {
  return sha256({as_bytes(seed_tag), heads.root, heads.own_root});
}

std::vector<std::uint64_t> drawn_from(const Digest& seed, std::uint64_t population, std::uint64_t count) {
  std::vector<std::uint64_t> drawn;
  if (population <= count) {
    for (std::uint64_t i = 0; i < population; ++i) drawn.push_back(i);
    return drawn;
  }
  // What lies behind the last whole multiple would make some more likely than others.
  const std::uint64_t fair_below = UINT64_MAX - UINT64_MAX % population;
  std::set<std::uint64_t> known;
  for (std::uint64_t turn = 0; drawn.size() < count; ++turn) {
    std::array<std::uint8_t, 8> turn_bytes{};
    for (std::size_t i = 0; i < 8; ++i) turn_bytes[7 - i] = static_cast<std::uint8_t>(turn >> (8 * i));
    const Digest digest = sha256({as_bytes(draw_tag), seed, turn_bytes});
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
    if (value < fair_below && known.insert(value % population).second) drawn.push_back(value % population);
  }
  return drawn;
}

// ---- Records ----

Status check_audit(const Record& record) {
  TRY(check_public(record));
  TRY(audit_from(record.payload.body));
  return {};
}

Status apply_audit(Fold& fold, const Record& record) {
  const Audit audit = TRY(audit_from(record.payload.body));
  TRY(
      fold.views().execute("INSERT INTO audit(place, id, member, size, root, own_root, population, sample, at) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                           {record.place.value(), Bytes(record.id), std::string_view(audit.member),
                            static_cast<std::int64_t>(audit.heads.size), Bytes(audit.heads.root),
                            Bytes(audit.heads.own_root), audit.of, audit.sample, record.payload.at_ms}));
  return {};
}

Status check_audit_result(const Record& record) {
  TRY(check_public(record));
  const ResultBody body = TRY(ResultBody::from_json(record.payload.body));
  if (!is_of_author(body.audit, record.id)) return wrong("what came of an audit is said by whose audit it is");
  return {};
}

// The first one counts.
Status apply_audit_result(Fold& fold, const Record& record) {
  const ResultBody body = TRY(ResultBody::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO audit_result(audit, place, examined, wrong, gone, at) VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT(audit) DO NOTHING",
      {Bytes(body.audit), record.place.value(), body.result.examined, body.result.wrong, body.result.gone,
       record.payload.at_ms}));
  return {};
}

// ---- Audits ----

// The chunks below `size` of what the whole alliance may read of one log, in their order.
Result<std::vector<Material::Impl::AuditedChunk>> Material::Impl::audited_chunks(std::uint32_t log,
                                                                                 std::uint64_t size) const {
  std::vector<AuditedChunk> chunks;
  const auto known = lists.get();
  const std::scoped_lock lock(reading);
  TRY(views->query("SELECT place, list, size FROM chunk WHERE place >= $1 AND place < $2 ORDER BY place",
                   {Place{log, 0}.value(), Place{log, size}.value()}, [&](const SqlRow& row) {
                     const AuditedChunk chunk{.place = Place::of(row.integer(0)),
                                              .list = array_of<16>(row.bytes(1)),
                                              .size = static_cast<std::uint64_t>(row.integer(2))};
                     const auto list = known->find(chunk.list);
                     const bool taken = list != known->end() && list->second.body.purpose == Purpose::match &&
                                        options.whole_alliance_reads && options.whole_alliance_reads(chunk.list);
                     if (taken) chunks.push_back(chunk);
                     return Status();
                   }));
  return chunks;
}

Result<Audit> Material::draw_audit(const By& by, const std::string& member, const AuditHeads& heads,
                                   std::int64_t count) {
  const auto log = impl_->journal.known_log(member);
  if (!log) return Error{Code::not_found, "nothing of the log of \"" + member + "\" is here"};
  Audit audit;
  audit.member = member;
  audit.heads = heads;
  for (const auto& chunk : TRY(impl_->audited_chunks(log->number, heads.size))) {
    audit.of += static_cast<std::int64_t>(chunk.size);
  }
  if (audit.of == 0) {
    return Error{Code::not_found, "\"" + member + "\" lists nothing that the whole alliance may read"};
  }
  audit.sample = std::min({audit.of, count, audit_sample_max});
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(decision.emit({.kind = std::string(kind_audit), .scope = "public", .body = audit_json(audit)}));
    return {};
  }));
  return TRY(impl_->audit(recorded.front().id));
}

Result<std::vector<Audit>> Material::audits() const {
  return impl_->audits_in();
}

Result<std::vector<Audit>> Material::Impl::audits_in() const {
  std::vector<Audit> all;
  const std::scoped_lock lock(reading);
  TRY(views->query(
      "SELECT audit.place, id, member, size, root, own_root, population, sample, audit.at, audit_result.at, examined, "
      "wrong, gone FROM audit LEFT JOIN audit_result ON audit_result.audit = audit.id ORDER BY audit.at, audit.place",
      {}, [&](const SqlRow& row) {
        Audit& audit = all.emplace_back();
        audit.by = journal.author(Place::of(row.integer(0)).log);
        audit.id = array_of<16>(row.bytes(1));
        audit.member = row.text(2);
        audit.heads = {.size = static_cast<std::uint64_t>(row.integer(3)),
                       .root = array_of<32>(row.bytes(4)),
                       .own_root = array_of<32>(row.bytes(5))};
        audit.of = row.integer(6);
        audit.sample = row.integer(7);
        audit.at_ms = row.integer(8);
        if (!row.is_null(9)) {
          audit.result = Audit::Result{
              .examined = row.integer(10), .wrong = row.integer(11), .gone = row.integer(12), .at_ms = row.integer(9)};
        }
        return Status();
      }));
  return all;
}

Result<Audit> Material::Impl::audit(const RecordId& id) const {
  std::vector<Audit> all = TRY(audits_in());
  const auto at = std::ranges::find(all, id, &Audit::id);
  if (at == all.end()) return Error{Code::not_found, "there is no such audit"};
  return std::move(*at);
}

Result<std::vector<AuditedEntry>> Material::audited(const RecordId& id) const {
  const Audit audit = TRY(impl_->audit(id));
  const auto log = impl_->journal.known_log(audit.member);
  const bool own = audit.member == impl_->journal.member();
  if (!log && !own) return Error{Code::not_found, "nothing of the log of \"" + audit.member + "\" is here"};
  const auto chunks = TRY(impl_->audited_chunks(own ? shared_log : log->number, audit.heads.size));
  std::uint64_t population = 0;
  for (const auto& chunk : chunks) population += chunk.size;
  if (static_cast<std::int64_t>(population) != audit.of) {
    return Error{Code::conflict, "here the lists of \"" + audit.member + "\" that the whole alliance may read have " +
                                     std::to_string(population) + " entries up to there, and " +
                                     std::to_string(audit.of) + " when it was drawn: other lists are shared now"};
  }
  std::vector<AuditedEntry> entries;
  for (const std::uint64_t drawn :
       drawn_from(audit_seed(audit.heads), population, static_cast<std::uint64_t>(audit.sample))) {
    std::uint64_t before = 0;
    for (const auto& chunk : chunks) {
      if (drawn < before + chunk.size) {
        const EntryPlace place{chunk.place, static_cast<std::uint32_t>(drawn - before)};
        entries.push_back({.list = chunk.list, .number = place.number()});
        break;
      }
      before += chunk.size;
    }
  }
  const auto auditor = impl_->journal.known_log(audit.by);
  const std::uint32_t auditor_log = audit.by == impl_->journal.member() || !auditor ? shared_log : auditor->number;
  for (AuditedEntry& entry : entries) entry.state = TRY(impl_->audited_state(entry, auditor_log));
  return entries;
}

Result<AuditedEntry::State> Material::Impl::audited_state(const AuditedEntry& entry, std::uint32_t auditor_log) const {
  using State = AuditedEntry::State;
  State state = State::open;
  const std::scoped_lock lock(reading);
  TRY(views->query(
      "SELECT verdict, reason, basis FROM opinion WHERE list = $1 AND number = $2 AND log = $3 ORDER BY place",
      {Bytes(entry.list), entry.number, std::int64_t{auditor_log}}, [&](const SqlRow& row) {
        const bool disputes_as_wrong = row.text(0) == to_text(Verdict::dispute) && says_wrong(row.text(1));
        state = row.text(2) != to_text(Basis::examined) ? State::open : disputes_as_wrong ? State::wrong : State::right;
        return Status();
      }));
  if (state != State::open) return state;
  const auto gone =
      TRY(views->integer("SELECT count(*) FROM (SELECT number FROM withdrawn WHERE list = $1 AND number = $2 UNION ALL "
                         "SELECT number FROM erased_entry WHERE list = $1 AND number = $2) AS gone",
                         {Bytes(entry.list), entry.number}));
  return gone.value_or(0) > 0 ? State::gone : State::open;
}

Result<Audit> Material::state_audit(const By& by, const RecordId& id) {
  const Audit audit = TRY(impl_->audit(id));
  if (audit.by != impl_->journal.member()) return Error{Code::permission_denied, "that is another member's audit"};
  if (audit.result) return Error{Code::conflict, "what came of it has been stated already"};
  ResultBody body{.audit = id};
  std::int64_t open = 0;
  for (const AuditedEntry& entry : TRY(audited(id))) {
    open += entry.state == AuditedEntry::State::open ? 1 : 0;
    body.result.gone += entry.state == AuditedEntry::State::gone ? 1 : 0;
    body.result.wrong += entry.state == AuditedEntry::State::wrong ? 1 : 0;
  }
  if (open > 0) {
    return Error{Code::conflict, std::to_string(open) + " of the entries that were drawn haven't been examined yet: " +
                                     "give an opinion on each, with the basis examined"};
  }
  body.result.examined = audit.sample - body.result.gone;
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(decision.emit({.kind = std::string(kind_audit_result), .scope = "public", .body = body.to_json()}));
    return {};
  }));
  return TRY(impl_->audit(id));
}

}  // namespace fristad
