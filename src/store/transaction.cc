// Transaction, Savepoint and BulkInsert, and the part of Connection that keeps track of them.

#include <algorithm>
#include <string>

#include "base/try.h"
#include "store/connection.h"
#include "store/link.h"

namespace fristad {
namespace {

constexpr const char* bulk_insert_busy = "a bulk insert";

}  // namespace

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->roll_back(serial_);
}

Status Transaction::commit() {
  if (connection_ == nullptr) return Error{Code::internal, "commit() on a transaction that has ended"};
  TRY(connection_->commit(serial_));
  connection_ = nullptr;
  return {};
}

Savepoint::~Savepoint() {
  if (connection_ != nullptr) connection_->roll_back_to(serial_);
}

Status Savepoint::release() {
  if (connection_ == nullptr) return Error{Code::internal, "release() on a savepoint that has ended"};
  TRY(connection_->release(serial_));
  connection_ = nullptr;
  return {};
}

// The savepoint is destroyed after this, and undoes the rows.
BulkInsert::~BulkInsert() {
  if (connection_ != nullptr) connection_->bulk_abandon();
}

Status BulkInsert::row(std::initializer_list<SqlValue> values) {
  if (connection_ == nullptr) return Error{Code::internal, "row() on a bulk insert that has ended"};
  if (values.size() != static_cast<std::size_t>(columns_)) {
    return Error{Code::internal, "a row of " + std::to_string(values.size()) + " values in a bulk insert of " +
                                     std::to_string(columns_) + " columns"};
  }
  return connection_->bulk_row(values);
}

Status BulkInsert::finish() {
  if (connection_ == nullptr) return Error{Code::internal, "finish() on a bulk insert that has ended"};
  Connection* const connection = std::exchange(connection_, nullptr);
  Status finished = connection->bulk_finish();
  if (finished) return savepoint_.release();
  // Undone at once: the caller may go on with the transaction while this object still lives.
  connection->roll_back_to(savepoint_.serial_);
  savepoint_.connection_ = nullptr;
  return finished;
}

Result<Transaction> Connection::begin() {
  TRY(ready());
  if (transaction_ != 0) return Error{Code::internal, "begin() inside a transaction: use savepoint()"};
  TRY(link_->begin(read_only_));
  transaction_ = ++serial_;
  return Transaction(*this, transaction_);
}

void Connection::forget_transaction() {
  transaction_ = 0;
  savepoints_.clear();
  failure_.reset();
}

Status Connection::commit(std::uint64_t serial) {
  if (transaction_ != serial) return Error{Code::internal, "commit() on a transaction that has ended"};
  if (Status can = ready(); !can) {
    if (failure_) roll_back(serial);
    return can;
  }
  Status committed = link_->commit();
  forget_transaction();
  return committed;
}

void Connection::roll_back(std::uint64_t serial) {
  if (transaction_ != serial) return;
  bulk_abandon();
  link_->rollback();
  forget_transaction();
}

Result<Savepoint> Connection::savepoint() {
  TRY(ready());
  if (transaction_ == 0) return Error{Code::internal, "savepoint() outside of a transaction: begin() one first"};
  TRY(noted(link_->savepoint(savepoints_.size())));
  savepoints_.push_back(++serial_);
  return Savepoint(*this, serial_);
}

Status Connection::release(std::uint64_t savepoint) {
  const auto found = std::find(savepoints_.begin(), savepoints_.end(), savepoint);
  if (found == savepoints_.end()) return Error{Code::internal, "release() on a savepoint that has ended"};
  TRY(ready());
  TRY(noted(link_->release(static_cast<std::size_t>(found - savepoints_.begin()))));
  savepoints_.erase(found, savepoints_.end());
  return {};
}

void Connection::roll_back_to(std::uint64_t savepoint) {
  const auto found = std::find(savepoints_.begin(), savepoints_.end(), savepoint);
  if (found == savepoints_.end()) return;
  bulk_abandon();
  Status undone = link_->roll_back_to(static_cast<std::size_t>(found - savepoints_.begin()));
  savepoints_.erase(found, savepoints_.end());
  if (undone) {
    failure_.reset();
  } else if (!failure_) {
    failure_ = undone.error();
  }
}

Result<BulkInsert> Connection::bulk_insert(Sql table, Sql columns, int column_count) {
  TRY(ready());
  if (transaction_ == 0) return Error{Code::internal, "bulk_insert() outside of a transaction: begin() one first"};
  if (column_count < 1 || column_count > static_cast<int>(sql_values_max)) {
    return Error{Code::internal, "a bulk insert of " + std::to_string(column_count) + " columns; 1 to " +
                                     std::to_string(sql_values_max) + " are possible"};
  }
  Savepoint undo = TRY(savepoint());
  TRY(noted(link_->bulk_begin(table, columns, column_count)));
  busy_with_ = bulk_insert_busy;
  return BulkInsert(*this, std::move(undo), column_count);
}

Status Connection::bulk_row(SqlValues values) {
  if (busy_with_ != bulk_insert_busy) return Error{Code::internal, "row() on a bulk insert that has ended"};
  if (failure_) return *failure_;
  TRY(noted(check(values)));
  return noted(link_->bulk_row(values));
}

Status Connection::bulk_finish() {
  if (busy_with_ != bulk_insert_busy) return Error{Code::internal, "finish() on a bulk insert that has ended"};
  if (failure_) {
    bulk_abandon();
    return *failure_;
  }
  busy_with_ = nullptr;
  return noted(link_->bulk_end());
}

void Connection::bulk_abandon() {
  if (busy_with_ != bulk_insert_busy) return;
  busy_with_ = nullptr;
  link_->bulk_abandon();
}

}  // namespace fristad
