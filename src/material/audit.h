#pragma once

// The sample audit: some entries of a member's lists, which nobody could choose, are examined by another jurisdiction,
// and what came of it is stated in public.
//
//   const Audit audit = TRY(material.draw_audit("steward", "us", {.size = 900, .root = theirs, .own_root = ours}, 50));
//   for (const AuditedEntry& one : TRY(material.audited(audit.id))) ...   // examine them, say what you think of each
//   TRY(material.state_audit("steward", audit.id));
//
// Which entries: of all that the member's log holds below `size` in lists that the whole alliance reads, those that
// drawn_from() gives for a seed of two roots. The member couldn't know ours when it wrote its log, nor could we know
// which of its heads would find witnesses; so each by itself chooses nothing, and who reads both logs draws the same.
// docs/format/material.md has the records.
//
// Thread-safety: plain values and pure functions. Complexity: reads the places of the member's chunks.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "material/records.h"
#include "record/kinds.h"

namespace fristad {

inline constexpr std::string_view kind_audit = "audit.drawn";
inline constexpr std::string_view kind_audit_result = "audit.stated";
inline constexpr std::int64_t audit_sample_default = 50;
inline constexpr std::int64_t audit_sample_max = 1000;

struct AuditHeads {
  std::uint64_t size = 0;  // of the member's log, at a head that enough have cosigned
  Digest root{};
  Digest own_root{};  // of our own log, at a later time
};

struct Audit {
  RecordId id{};
  std::string by;
  std::string member;  // whose entries they are
  AuditHeads heads = {};
  std::int64_t of = 0;      // so many entries there were
  std::int64_t sample = 0;  // so many were drawn
  std::int64_t at_ms = 0;
  struct Result {
    std::int64_t examined = 0;  // `wrong` among them
    std::int64_t wrong = 0;
    std::int64_t gone = 0;  // withdrawn or erased before they were examined
    std::int64_t at_ms = 0;
  };
  std::optional<Result> result = {};
};

// One of those that were drawn, and what the auditor thinks of it.
struct AuditedEntry {
  enum class State { open, right, wrong, gone };
  ListId list{};
  std::int64_t number = 0;
  State state = State::open;
};
std::string_view to_text(AuditedEntry::State state);  // "open", "right", "wrong", "gone"

Digest audit_seed(const AuditHeads& heads);
// `count` different numbers below `population`, or all of them where there are no more; each as likely as any other.
std::vector<std::uint64_t> drawn_from(const Digest& seed, std::uint64_t population, std::uint64_t count);

Status check_audit(const Record& record);
Status apply_audit(Fold& fold, const Record& record);
Status check_audit_result(const Record& record);
Status apply_audit_result(Fold& fold, const Record& record);

}  // namespace fristad
