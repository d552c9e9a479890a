#pragma once

// The journal's own tables.

#include <span>

#include "store/migrations.h"

namespace fristad {

// log: how far each log is; its peaks are those of the Merkle tree (crypto/merkle.h).
// record: one row for each record; without key and sealed where it was erased.
// scope_sequence: the last sequence number used in each scope of each log.
// checkpoint: what was signed.
// fact: narrow rows that folds state.
// scope_record: where in a shared log what stands in which scope; made anew by a rebuild, as far as it isn't erased.
// arrival: what was delivered of other members' logs, in the order in which it came.
// quarantine: what was refused of them. claimed_erased: what an author says is erased, until an erasure says so too.
// unfolded: what is of a kind that this program doesn't know.
// recovered, recovered_scope: what others have given back of our own log so far, and up to which number of each scope
// they have read.
// due_erasure: what was erased while nothing could be recorded in the shared log, to be recorded once it can.
std::span<const Migration> record_migrations();

}  // namespace fristad
