#include "store/postgres/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace fristad::postgres {
namespace {

using namespace std::string_literals;

TEST(Wire, SaysACopyAsTheManualDoes) {
  const std::vector<std::uint8_t> bytes = {0x00, 0xFF};
  const std::vector<SqlValue> row = {std::int64_t{-2}, std::string_view("ab"), Bytes(bytes), std::monostate(), Bytes()};
  std::string out;
  append_copy_header(out);
  append_copy_row(out, row);
  append_copy_end(out);
  EXPECT_EQ(out,
            "PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0"s
            "\0\x05"
            "\0\0\0\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"
            "\0\0\0\x02"
            "ab"
            "\0\0\0\x02\0\xFF"
            "\xFF\xFF\xFF\xFF"
            "\0\0\0\0"
            "\xFF\xFF"s);
}

TEST(Wire, ParametersTellNullFromEmpty) {
  const std::vector<SqlValue> values = {std::monostate(), Bytes(), std::string_view(),
                                        std::numeric_limits<std::int64_t>::min()};
  const Parameters parameters(values);
  ASSERT_EQ(parameters.count, 4);
  EXPECT_EQ(parameters.values[0], nullptr);
  EXPECT_NE(parameters.values[1], nullptr);
  EXPECT_NE(parameters.values[2], nullptr);
  EXPECT_EQ(parameters.types[0], Oid{0});
  EXPECT_EQ(parameters.types[1], Oid{17});
  EXPECT_EQ(parameters.types[2], Oid{25});
  EXPECT_EQ(parameters.types[3], Oid{20});
  EXPECT_EQ(std::string(parameters.values[3], 8), "\x80\0\0\0\0\0\0\0"s);
}

TEST(Wire, TheSignatureTellsTheTypesApart) {
  const std::vector<SqlValue> integer_null = {std::int64_t{1}, std::monostate()};
  const std::vector<SqlValue> null_integer = {std::monostate(), std::int64_t{1}};
  const std::vector<SqlValue> text_null = {std::string_view("1"), std::monostate()};
  EXPECT_NE(type_signature(integer_null), type_signature(null_integer));
  EXPECT_NE(type_signature(integer_null), type_signature(text_null));
}

}  // namespace
}  // namespace fristad::postgres
