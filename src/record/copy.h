#pragma once

// Copies all records from one store to another, whichever databases they are: for backups and for moving house. What
// folds made of them isn't copied; Journal::rebuild() makes it.
//
// Thread-safety: as Connection.

#include "fristad/result.h"
#include "store/connection.h"

namespace fristad {

// `from` sees one state for as long as this takes (Store::snapshot()); `to` has the schema and no records, and is
// written in one transaction. Errors: already_exists, those of both.
Status copy_records(Connection& from, Connection& to);

}  // namespace fristad
