#include "store/postgres/error.h"

#include <algorithm>
#include <array>

namespace fristad::postgres {
namespace {

struct Meaning {
  std::string_view state;  // the front of a SQLSTATE; the first line that fits counts
  Code code;
  const char* advice;
};

// PostgreSQL 15, appendix A.
constexpr std::array meanings = {
    Meaning{"08P01", Code::internal, "a mistake in the program: please report it"},
    Meaning{"08", Code::unavailable, "the connection was lost: try again"},
    Meaning{"22", Code::invalid_argument, "a value can't be stored there"},
    Meaning{"23505", Code::already_exists, "the key is taken"},
    Meaning{"23", Code::invalid_argument, "a value isn't allowed there"},
    Meaning{"25006", Code::permission_denied, "it is open for reading only"},
    Meaning{"28", Code::permission_denied, "the server refuses this user: check the user's name and password"},
    Meaning{"3D000", Code::not_found, "the server has no such database: create it"},
    Meaning{"40", Code::unavailable, "another transaction came in between: try again"},
    Meaning{"42501", Code::permission_denied, "the user lacks the right: grant it"},
    Meaning{"53100", Code::unavailable, "the server's disk is full: make room and try again"},
    Meaning{"53200", Code::unavailable, "the server is out of memory: try again"},
    Meaning{"53300", Code::unavailable, "the server has too many connections: close some or allow more"},
    Meaning{"53", Code::unavailable, "the server lacks resources: try again"},
    Meaning{"54", Code::too_large, "over a limit of the server"},
    Meaning{"55P03", Code::unavailable, "another connection is writing: try again"},
    Meaning{"55006", Code::unavailable, "another connection uses it: try again"},
    Meaning{"57014", Code::deadline_exceeded, "the statement took too long"},
    Meaning{"57", Code::unavailable, "the server is stopping or starting: try again"},
    Meaning{"58", Code::unavailable, "the server's disk failed to read or write: check it, then try again"},
    Meaning{"XX001", Code::damaged, "the database is damaged: restore a backup"},
    Meaning{"XX002", Code::damaged, "an index is damaged: rebuild it with REINDEX"},
};
constexpr Meaning no_connection = {"", Code::unavailable, "the connection was lost: try again"};
constexpr Meaning unknown = {"", Code::internal, "a mistake in the program: please report it"};

Meaning meaning(std::string_view state) {
  if (state.empty()) return no_connection;
  const auto* found = std::find_if(meanings.begin(), meanings.end(),
                                   [&](const Meaning& line) { return state.starts_with(line.state); });
  return found != meanings.end() ? *found : unknown;
}

// Whether the server's own words can hold a value: those about values quote them, those about names and files don't.
bool may_hold_values(std::string_view state) {
  return state.starts_with("22") || state.starts_with("23") || state.starts_with("P0");
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, text.find_last_not_of(" \n\t") + 1));
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

}  // namespace

std::string_view sqlstate(const PGresult* result) {
  const char* const state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  return state != nullptr ? state : "";
}

Error error_of(const PGresult* result, std::string_view what, std::string_view sql) {
  const std::string_view state = sqlstate(result);
  const Meaning meant = meaning(state);
  std::string message = "PostgreSQL: " + std::string(what) + ": " + meant.advice;
  if (!state.empty()) {
    // In place of values, what they collided with.
    const char* const detail = may_hold_values(state) ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)
                                                      : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    message +=
        " (" + (detail != nullptr ? one_line(detail) + "; " : std::string()) + "SQLSTATE " + std::string(state) + ")";
  }
  if (meant.code == Code::internal && !sql.empty()) message += ", in: " + std::string(sql);
  return {meant.code, std::move(message)};
}

Error connect_error(const PGconn* connection, std::string_view password) {
  std::string said = connection != nullptr ? one_line(PQerrorMessage(connection)) : "out of memory";
  // libpq doesn't print it; should a server repeat it, it still ends here.
  for (std::size_t at = 0; !password.empty() && (at = said.find(password, at)) != std::string::npos;) {
    said.replace(at, password.size(), "(password)");
    at += std::string_view("(password)").size();
  }
  // libpq hands out no SQLSTATE here. Where the server speaks another language, it is "unavailable".
  const auto says = [&](std::string_view words) { return said.find(words) != std::string::npos; };
  const char* const prefix = "PostgreSQL: cannot connect: ";
  if ((connection != nullptr && PQconnectionNeedsPassword(connection) != 0) || says("password authentication failed") ||
      says("no pg_hba.conf entry")) {
    return {Code::permission_denied, prefix + ("the server refuses this user: check the name, the password and the "
                                               "server's pg_hba.conf (" +
                                               said + ")")};
  }
  return {Code::unavailable,
          prefix + ("check that the server runs and that host, port and database are right (" + said + ")")};
}

}  // namespace fristad::postgres
