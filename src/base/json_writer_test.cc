#include "base/json_writer.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(JsonWriter, SeparatesMembersAndElements) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("a", 1).member("b", "x").member("c", nullptr).member("d", true);
  json.key("e").begin_array().value(-2).value(std::string("y")).begin_object().end_object().end_array();
  json.key("f").begin_object().member("g", std::uint64_t{18446744073709551615u}).end_object().end_object();
  EXPECT_EQ(line, R"({"a":1,"b":"x","c":null,"d":true,"e":[-2,"y",{}],"f":{"g":18446744073709551615}})");
}

}  // namespace
}  // namespace fristad
