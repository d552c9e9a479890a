#include "store/connection.h"

#include <algorithm>
#include <string>

#include "base/text_escape.h"
#include "base/try.h"
#include "store/link.h"

namespace fristad {
namespace {

// Below the limits of both databases, which count more than the value itself.
constexpr std::size_t value_bytes_max = std::size_t{256} << 20;

}  // namespace

Connection::Connection(std::unique_ptr<Link> link, bool read_only, bool in_snapshot)
    : link_(std::move(link)), read_only_(read_only) {
  if (in_snapshot) transaction_ = ++serial_;
}

Connection::~Connection() = default;

Status Connection::ready() const {
  if (busy_with_ != nullptr) {
    return Error{Code::internal, "the connection is busy with " + std::string(busy_with_) + ": end that first"};
  }
  if (failure_) {
    return Error{failure_->code, "the transaction failed before and can only be rolled back: " + failure_->message};
  }
  return {};
}

Status Connection::check(SqlValues values) {
  if (values.size() > sql_values_max) {
    return Error{Code::internal, "a statement with " + std::to_string(values.size()) + " values; at most " +
                                     std::to_string(sql_values_max) + " are possible"};
  }
  for (std::size_t i = 0; i < values.size(); i++) {
    const auto* text = std::get_if<std::string_view>(&values[i]);
    const auto* bytes = std::get_if<Bytes>(&values[i]);
    if ((text != nullptr && text->size() > value_bytes_max) || (bytes != nullptr && bytes->size() > value_bytes_max)) {
      return Error{Code::too_large, "value $" + std::to_string(i + 1) + " is longer than 256 MiB: store it in parts"};
    }
    if (text != nullptr && (!is_utf8(*text) || text->find('\0') != std::string_view::npos)) {
      return Error{Code::invalid_argument, "value $" + std::to_string(i + 1) +
                                               " is no text that can be stored: it must be UTF-8 without zero bytes"};
    }
  }
  return {};
}

// Remembers why the transaction can't go on. SQLite would: but then a caller who overlooks an error commits half of
// what it wanted, and after a full disk, when SQLite has rolled back by itself, each statement alone.
void Connection::note(const Error* error) {
  if (transaction_ == 0 || failure_) return;
  if (error != nullptr) {
    failure_ = *error;
  } else if (!link_->alive()) {
    failure_ = Error{Code::internal, "the transaction was ended by a statement within it: use Transaction"};
  }
}

Result<std::uint64_t> Connection::execute(Sql sql, std::initializer_list<SqlValue> values) {
  TRY(ready());
  TRY(noted(check(values)));
  return noted(link_->execute(sql, values));
}

Status Connection::query(Sql sql, std::initializer_list<SqlValue> values, const EachRow& each) {
  TRY(ready());
  TRY(noted(check(values)));
  busy_with_ = "a query whose rows are still coming";
  Status stopped;
  Status done = link_->query(sql, values, [&](const SqlRow& row) {
    stopped = each(row);
    return stopped;
  });
  busy_with_ = nullptr;
  // A caller who has seen enough doesn't make the transaction fail, unless it is broken anyhow.
  if (!stopped && (transaction_ == 0 || link_->alive())) return done;
  return noted(std::move(done));
}

Result<std::optional<std::int64_t>> Connection::integer(Sql sql, std::initializer_list<SqlValue> values) {
  std::optional<std::int64_t> first;
  bool seen = false;
  TRY(query(sql, values, [&](const SqlRow& row) -> Status {
    if (!std::exchange(seen, true) && !row.is_null(0)) first = row.integer(0);
    return {};
  }));
  return first;
}

Result<std::optional<std::string>> Connection::text(Sql sql, std::initializer_list<SqlValue> values) {
  std::optional<std::string> first;
  bool seen = false;
  TRY(query(sql, values, [&](const SqlRow& row) -> Status {
    if (!std::exchange(seen, true) && !row.is_null(0)) first = row.text(0);
    return {};
  }));
  return first;
}

Result<std::optional<std::vector<std::uint8_t>>> Connection::bytes(Sql sql, std::initializer_list<SqlValue> values) {
  std::optional<std::vector<std::uint8_t>> first;
  bool seen = false;
  TRY(query(sql, values, [&](const SqlRow& row) -> Status {
    if (std::exchange(seen, true) || row.is_null(0)) return {};
    const Bytes bytes = row.bytes(0);
    first.emplace(bytes.begin(), bytes.end());
    return {};
  }));
  return first;
}

Status Connection::checkpoint_and_scrub(std::initializer_list<Sql> tables) {
  TRY(ready());
  if (transaction_ != 0) return Error{Code::internal, "checkpoint_and_scrub() inside a transaction: end that first"};
  if (read_only_) {
    return Error{Code::permission_denied, "a read-only connection can't scrub the database: use one that writes"};
  }
  return link_->checkpoint_and_scrub(tables);
}

Status Connection::lock_exclusive() {
  TRY(ready());
  return noted(link_->lock_exclusive());
}

}  // namespace fristad
