#pragma once

// Takes the banks and contents of an HMA over: content of bank X goes to the list that is bank X here (made if there is
// none). HMA has no listing of contents, so their ids are asked for one by one.
//
//   const HmaImportReport report = TRY(import_hma({.url = "http://hma.example:5100"}, journal, material));
//
// Run it again and it adds only what is new, withdraws what is gone there, and follows what was enabled, disabled or
// noted otherwise; shares of banks follow too. Which content became which entry is written in the same decision as the
// entries, so a run that was cut off loses nothing and doubles nothing. What was withdrawn or erased here stays so.
// A bank that was renamed there is another bank here.
//
// Thread-safety: one import of an HMA at a time. Complexity: one request for each id there ever was; memory of some 100
// bytes for each content.

#include <cstdint>
#include <functional>
#include <string>

#include "material/material.h"
#include "record/journal.h"

namespace fristad {

struct HmaImportReport {
  std::int64_t banks_made = 0;
  std::int64_t contents = 0;   // that are there
  std::int64_t added = 0;      // entries
  std::int64_t changed = 0;    // entries that rest, rest no more, or have another note
  std::int64_t withdrawn = 0;  // entries whose content is gone
  std::int64_t skipped = 0;    // contents without a signal that has a place here
  std::int64_t shortened = 0;  // whose metadata were too large: the entry has none
};

struct HmaImport {
  std::string url;         // of the HMA
  std::string token = {};  // sent as `Authorization: Bearer`, if what stands before it wants one
  std::string actor = "local-admin";
  // Called after each some hundred ids; an error ends the import with that error. What was read until then is kept.
  std::function<Status(const HmaImportReport&)> progress = {};
};

// Errors: invalid_argument (no URL), unavailable (it doesn't answer, or says it failed), damaged (it isn't HMA),
// permission_denied (a bank of that name is another member's list; the token is refused), conflict (there are no banks
// any more where there were some: nothing is withdrawn for that), those of the journal.
Result<HmaImportReport> import_hma(const HmaImport& options, Journal& journal, Material& material);

}  // namespace fristad
