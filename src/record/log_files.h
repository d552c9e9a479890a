#pragma once

// A log as static files in the layout of C2SP tlog-tiles: any web server can serve the folder, and any tool for such
// logs can check it. The files are a cache: made from the committed rows, and made again when they are gone.
//
//   fristad::publish_log(journal, fristad::shared_log, "/var/lib/fristad/se/log/shared");
//
// Thread-safety: one call at a time for one folder. Complexity: the leaves since the last call are read once.

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/note.h"
#include "fristad/result.h"
#include "record/journal.h"

namespace fristad {

// Brings the files up to a new checkpoint, which is written last. Partial tiles that have become full go.
// Errors: those of the journal, unavailable (disk full).
Status publish_log(Journal& journal, std::uint32_t log, const std::string& folder);

// All that a third party needs to check that a record is in the log.
struct RecordProof {
  std::string origin;
  std::string proof;  // prove_record()
  LeafBytes leaf{};   // what is proved to be in it
  std::string key;    // the log's, as note_key_text() writes it
};

// That a record is in the log, as a file that anybody can check who has the log's key: docs/format/checkpoint.md. Reads
// the published files. Errors: not_found (not published yet), damaged.
Result<std::string> prove_record(const std::string& folder, std::uint64_t position);

}  // namespace fristad
