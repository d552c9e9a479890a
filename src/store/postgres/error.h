#pragma once

// What PostgreSQL's failures mean to a caller.

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "fristad/result.h"

namespace fristad::postgres {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// The Error for a result that failed; a null result means that the connection is lost. `what` says what was being done.
// `sql` is quoted where the text itself is wrong.
Error error_of(const PGresult* result, std::string_view what, std::string_view sql = {});

// The Error for a connection that couldn't be made, without `password`.
Error connect_error(const PGconn* connection, std::string_view password);

// The five characters that say what failed; empty where the server said nothing.
std::string_view sqlstate(const PGresult* result);

}  // namespace fristad::postgres
