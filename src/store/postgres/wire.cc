#include "store/postgres/wire.h"

#include <algorithm>
#include <type_traits>

namespace fristad::postgres {
namespace {

template <class T>
std::array<char, sizeof(T)> big_endian(T value) {
  std::array<char, sizeof(T)> out{};
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = sizeof(T); i-- > 0; bits = static_cast<std::make_unsigned_t<T>>(bits >> 7 >> 1)) {
    out[i] = static_cast<char>(bits & 0xff);
  }
  return out;
}

template <class T>
void append(std::string& out, T value) {
  const auto bytes = big_endian(value);
  out.append(bytes.data(), bytes.size());
}

// Negative numbers are sign-extended from whatever width the server sent.
std::int64_t signed_big_endian(std::string_view raw) {
  std::uint64_t bits = !raw.empty() && (raw[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : raw) bits = bits << 8 | static_cast<std::uint8_t>(byte);
  return static_cast<std::int64_t>(bits);
}

}  // namespace

Parameters::Parameters(SqlValues given) : count(static_cast<int>(given.size())) {
  for (std::size_t i = 0; i < given.size(); i++) {
    formats[i] = 1;
    lengths[i] = 0;
    types[i] = static_cast<Oid>(Type::none);
    values[i] = nullptr;
    // A null pointer would be null, and empty text and bytes may have one.
    if (const auto* integer = std::get_if<std::int64_t>(&given[i])) {
      types[i] = static_cast<Oid>(Type::int8);
      integers_[i] = big_endian(*integer);
      values[i] = integers_[i].data();
      lengths[i] = 8;
    } else if (const auto* text = std::get_if<std::string_view>(&given[i])) {
      types[i] = static_cast<Oid>(Type::text);
      values[i] = text->empty() ? "" : text->data();
      lengths[i] = static_cast<int>(text->size());
    } else if (const auto* bytes = std::get_if<Bytes>(&given[i])) {
      types[i] = static_cast<Oid>(Type::bytea);
      values[i] = bytes->empty() ? "" : reinterpret_cast<const char*>(bytes->data());
      lengths[i] = static_cast<int>(bytes->size());
    }
  }
}

std::uint64_t type_signature(SqlValues values) {
  static_assert(std::variant_size_v<SqlValue> == 4 && sql_values_max <= 32, "two bits a value");
  std::uint64_t signature = 0;
  for (const SqlValue& value : values) signature = signature << 2 | value.index();
  return signature;
}

void append_copy_header(std::string& out) {
  out.append("PGCOPY\n\377\r\n\0", 11);
  append(out, std::int32_t{0});  // flags
  append(out, std::int32_t{0});  // length of the extension
}

void append_copy_row(std::string& out, SqlValues values) {
  append(out, static_cast<std::int16_t>(values.size()));
  for (const SqlValue& value : values) {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      append(out, std::int32_t{8});
      append(out, *integer);
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      append(out, static_cast<std::int32_t>(text->size()));
      out.append(*text);
    } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
      append(out, static_cast<std::int32_t>(bytes->size()));
      out.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    } else {
      append(out, std::int32_t{-1});
    }
  }
}

void append_copy_end(std::string& out) {
  append(out, std::int16_t{-1});
}

bool Row::exists(int column) const {
  if (column >= 0 && column < PQnfields(result_)) return true;
  misread_ = column;
  return false;
}

std::string_view Row::raw(int column) const {
  return {PQgetvalue(result_, 0, column), static_cast<std::size_t>(PQgetlength(result_, 0, column))};
}

bool Row::is_null(int column) const {
  return !exists(column) || PQgetisnull(result_, 0, column) != 0;
}

std::int64_t Row::integer(int column) const {
  if (is_null(column)) return 0;
  switch (static_cast<Type>(PQftype(result_, column))) {
    case Type::boolean:
    case Type::int2:
    case Type::int4:
    case Type::int8: return signed_big_endian(raw(column));
    default: misread_ = column; return 0;
  }
}

std::string_view Row::text(int column) const {
  if (is_null(column)) return {};
  switch (static_cast<Type>(PQftype(result_, column))) {
    case Type::text:
    case Type::varchar:
    case Type::name: return raw(column);
    default: misread_ = column; return {};
  }
}

Bytes Row::bytes(int column) const {
  if (is_null(column)) return {};
  if (static_cast<Type>(PQftype(result_, column)) != Type::bytea) {
    misread_ = column;
    return {};
  }
  const std::string_view found = raw(column);
  return {reinterpret_cast<const std::uint8_t*>(found.data()), found.size()};
}

}  // namespace fristad::postgres
