#pragma once

// Known material: lists, their entries, what members think of them, and what a match means.
//
//   auto material = TRY(fristad::Material::open(journal, {.folder = "/var/lib/fristad/se/index"}));
//   const ListId list = TRY(material->create_list("local-admin", {.title = "Known"}));
//   TRY(material->add_entries("local-admin", list, entries));
//   auto matches = material->match(hash, scratch);     // finds them from now on
//
// The live index follows the records: it learns of each after it is on disk, and before add_entries() returns. It is
// kept, sealed, in a folder of its own; when that is gone it is built anew from the records.
//
// Thread-safety: all functions may be called from any thread at once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/live_index.h"
#include "material/audit.h"
#include "material/records.h"
#include "material/rule.h"
#include "record/journal.h"

namespace fristad {

// What this node knows of another member, beside its records of material.
struct Origin {
  bool muted = false;
  std::string jurisdiction = {};  // for which its opinions count; empty: they don't (no active member)
  std::uint64_t cosigned = 0;     // records of its log below this are under a head that enough witnesses have cosigned
};

struct MaterialOptions {
  std::string folder;   // where the sealed index is kept; empty: nowhere
  SealKey index_key{};  // seals it
  SegmentLayout layout = SegmentLayout::fast;
  bool background = true;  // merge on a thread
  // Asked for each match of another member's list, and for opinions; quick, any thread. Empty: nobody is muted, each
  // member is a jurisdiction of its own (its code), all is cosigned.
  std::function<Origin(std::string_view member)> origin = {};
  // Whether what a member says in that scope of its own still reaches us; asked as `origin` is. Empty: it does.
  std::function<bool(std::string_view member, std::string_view scope)> follows = {};
  // Whether a list is shared with the whole alliance; empty: none is. Asked within a decision, of lists of our own.
  std::function<bool(const ListId& list)> whole_alliance_reads = {};
};

struct ListInfo {
  ListId id{};
  ListBody body;
  bool own = true;
  std::uint32_t revision = 0;
  std::int64_t entries = 0;  // ever added, less those erased
  std::int64_t withdrawn = 0;
  std::string member = {};                        // whose it is
  std::optional<Subscription> subscription = {};  // of another member's list, once we said something
};

// What became of the entries of a member: how much its word is worth.
struct OriginCounts {
  std::string member;
  std::string classification;
  std::int64_t added = 0;      // less those erased
  std::int64_t withdrawn = 0;  // by itself
  std::int64_t disputed = 0;   // by somebody who examined it, and whose opinion counts
  std::int64_t overturned = 0;
  std::int64_t hits = 0;  // matches that were kept here
};

// What a member has stated in public of entries that the whole alliance may read, as it counts them.
struct StatedCounts {
  std::string by;
  std::int64_t at_ms = 0;
  std::vector<OriginCounts> counts = {};
};

// An entry as a person or an export sees it.
struct EntryView {
  ListId list{};
  std::int64_t number = 0;  // counted from 1 in its list
  EntryBody body = {};
  bool withdrawn = false;
  std::string reason = {};           // of the withdrawal
  std::int64_t paused_until_ms = 0;  // as EntryState; its note is in `body`
};

struct MaterialMatch {
  ListId list{};
  std::int64_t number = 0;
  std::uint32_t distance = 0;
  EntryPlace place = {};
  Ruling ruling = {};
};

// Everything that a ruling rested on, so that it can be made again.
struct Explanation {
  EntryView entry;
  ListInfo list;
  RuleInput input = {};
  Ruling ruling = {};
  struct Opinion {
    std::string member;
    Verdict verdict = Verdict::confirm;
    Basis basis = Basis::examined;
    std::string reason;
    std::int64_t at_ms = 0;
    bool cosigned = true;  // enough witnesses have seen it: before that it confirms nothing
  };
  std::vector<Opinion> opinions = {};
  std::vector<std::pair<std::string, std::uint64_t>> as_of = {};  // the size of each log that is known here
};

struct Recall {
  std::string reference;  // of the matches that were kept
  ListId list{};
  std::int64_t number = 0;
  std::int64_t at_ms = 0;
  std::string level;  // then
};

// How a list stood, revision by revision.
struct ListRevision {
  std::uint32_t revision = 0;
  std::int64_t at_ms = 0;
  ListBody body;
};

// What happened to an entry: it was added, noted or paused (the last time), withdrawn, confirmed, disputed.
struct EntryEvent {
  std::int64_t at_ms = 0;
  std::string_view what;
  std::string member = {};  // of an opinion
  std::optional<Basis> basis = {};
  std::string reason = {};
};

class Material {
 public:
  // Loads the index and brings it up to the records. Errors: those of the journal; a damaged index is built anew.
  static Result<std::unique_ptr<Material>> open(Journal& journal, const MaterialOptions& options);
  ~Material();
  Material(const Material&) = delete;
  Material& operator=(const Material&) = delete;

  // ---- Decisions ----

  Result<ListId> create_list(const By& by, const ListBody& body);
  // Changes what `change` changes of the list as it is then. Errors: not_found, permission_denied (not ours),
  // conflict (withdrawn lists stay so; it isn't at `if_revision`).
  Status revise_list(const By& by, const ListId& list, const std::function<Status(ListBody&)>& change,
                     std::optional<std::uint32_t> if_revision = {});
  // All of them or, on an error, none of those in the same call; at most 100,000. Gives the number of the first. With
  // `states`, one for each, entries rest from the start: there is no moment in which they match. Errors: not_found,
  // conflict (withdrawn), permission_denied (not ours; what isn't INTERPOL baseline, where the whole alliance reads
  // it).
  Result<std::int64_t> add_entries(const By& by, const ListId& list, std::span<const EntryBody> entries,
                                   std::span<const EntryState> states = {});
  // They stop matching before this returns. Gives the matches that were kept of them. Errors: not_found (a range
  // without an entry), conflict (all of them were withdrawn or erased before), permission_denied (not ours).
  Result<std::vector<Recall>> withdraw(const By& by, const ListId& list, std::span<const NumberRange> entries,
                                       std::string_view reason);
  Status give_opinion(const By& by, const ListId& list, std::int64_t number, Verdict verdict, Basis basis,
                      std::string_view reason);
  // Says what we do with another member's list, all of it: the last word counts. Errors: not_found, conflict (it is our
  // own), invalid_argument.
  Status subscribe(const By& by, const ListId& list, const Subscription& subscription);
  // Changes what `change` changes of how an entry of our own stands: its note, whether it rests. Errors: not_found,
  // permission_denied (not ours), those of `change`.
  Status revise_entry(const By& by, const ListId& list, std::int64_t number,
                      const std::function<Status(EntryState&)>& change);
  // Keeps why these matched, under a reference of the caller's, so that they can be recalled.
  Status keep_matches(const By& by, std::string_view reference, std::span<const MaterialMatch> matches);
  // What has to be erased so that nothing is left of an entry of our own, the entry itself last, by Node::erase() or
  // Journal::erase() and purge(). Errors: not_found, permission_denied (not ours).
  Result<std::vector<ErasedParts>> erasable(const ListId& list, std::int64_t number) const;

  // ---- Questions ----

  // Those within the limit of their list and ruled higher than none; nearest first. `Ruled::all`: also those ruled
  // none, of disabled lists and resting; those withdrawn never.
  enum class Ruled { matches, all };
  Result<std::vector<MaterialMatch>> match(const PdqHash& query, int limit, MatchScratch& scratch,
                                           Ruled ruled = Ruled::matches) const;
  // Element i answers query i.
  Result<std::vector<std::vector<MaterialMatch>>> match_batch(std::span<const PdqHash> queries, int limit,
                                                              MatchScratch& scratch) const;
  Result<std::vector<MaterialMatch>> find(DigestKind kind, std::span<const std::uint8_t> digest,
                                          Ruled ruled = Ruled::matches) const;

  Result<std::vector<ListInfo>> lists() const;
  Result<ListInfo> list(const ListId& id) const;
  Result<EntryView> entry(const ListId& list, std::int64_t number) const;
  // The list whose entry stands there. Error: not_found.
  Result<ListId> list_at(const EntryPlace& place) const;
  // In the order of numbers, from one on; an error from `use` ends it.
  Status for_each_entry(const ListId& list, const std::function<Status(const EntryView&)>& use,
                        std::int64_t from = 0) const;
  Result<Explanation> explain(const ListId& list, std::int64_t number) const;
  Result<std::vector<Recall>> recalls(const ListId& list, std::span<const NumberRange> entries) const;
  // How many entries of each other member were overturned since then: those that we examined and dispute as wrong, or
  // that two jurisdictions beside its own do. One other member alone overturns nothing.
  Result<std::map<std::string, int>> overturned(std::int64_t since_ms) const;
  // How many entries of a list, neither withdrawn nor erased, aren't INTERPOL baseline: such a list isn't shared with
  // the whole alliance. Error: not_found.
  Result<std::int64_t> not_baseline(const ListId& list) const;
  // Of all lists known here, per member and classification, in that order; without rows that are all zero. Reads a byte
  // for each entry.
  Result<std::vector<OriginCounts>> counts() const;
  // States in public what counts() says of the lists that the whole alliance may read, and gives that.
  Result<std::vector<OriginCounts>> state_counts(const By& by);
  // Draws some entries of a member's to be examined: see material/audit.h. Errors: not_found (nothing of it that the
  // whole alliance may read).
  Result<Audit> draw_audit(const By& by, const std::string& member, const AuditHeads& heads, std::int64_t count);
  // The entries that were drawn. Errors: not_found; conflict (other lists are shared now than when it was drawn).
  Result<std::vector<AuditedEntry>> audited(const RecordId& audit) const;
  // States what came of an audit of ours. Errors: those of audited(), permission_denied (not ours), conflict (stated
  // already; entries that we haven't given an opinion on after examining them).
  Result<Audit> state_audit(const By& by, const RecordId& audit);
  // The oldest first.
  Result<std::vector<Audit>> audits() const;
  // The newest statement of each member that has made one with any counts, in the order of their codes.
  Result<std::vector<StatedCounts>> stated_counts() const;
  // The oldest first. Error: not_found.
  Result<std::vector<ListRevision>> history(const ListId& list) const;
  Result<std::vector<EntryEvent>> history(const ListId& list, std::int64_t number) const;

  LiveIndexInfo index_info() const;
  // How many entries the index should have: all that were neither withdrawn nor erased.
  Result<std::uint64_t> entries_to_find() const;
  // Writes what of the index isn't on disk yet, so that the next start needn't build it. Done at close too.
  Status save();
  // Takes removed entries out of memory and files.
  Status purge();

 private:
  struct Impl;
  explicit Material(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
