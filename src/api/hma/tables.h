#pragma once

// The tables of the drop-in. They aren't views: a bank's name and share of matches are no statements of the node's.

#include <array>

#include "store/sql.h"

namespace fristad {

inline constexpr std::array hma_tables_sql{
    Sql("CREATE TABLE hma_bank(name text PRIMARY KEY NOT NULL, list bytea UNIQUE NOT NULL, ratio_ppm bigint NOT NULL)"),
    // Which entry a content of an HMA became; of those that are gone there, there is no row.
    Sql("CREATE TABLE hma_import(source text NOT NULL, id bigint NOT NULL, list bytea NOT NULL, number bigint NOT "
        "NULL, "
        "PRIMARY KEY(source, id))"),
};

}  // namespace fristad
