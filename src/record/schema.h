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
std::span<const Migration> record_migrations();

}  // namespace fristad
