#pragma once

// What SQLite's result codes mean to a caller.

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "fristad/result.h"

namespace fristad::sqlite {

// The Error for the last failure of `database`, which may be null when not even that could be made. `rc` is its
// extended result code; `what` says what was being done: "cannot open". `sql` is quoted where the text itself is wrong.
Error error_of(int rc, sqlite3* database, const std::string& path, std::string_view what, std::string_view sql = {});

}  // namespace fristad::sqlite
