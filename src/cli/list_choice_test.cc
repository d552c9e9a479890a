#include "cli/list_choice.h"

#include <gtest/gtest.h>

#include <vector>

namespace fristad {
namespace {

ListInfo list(std::uint8_t first, std::uint8_t third, std::string title) {
  ListInfo info;
  info.id[0] = first;
  info.id[2] = third;
  info.body.title = std::move(title);
  return info;
}

TEST(ListChoiceTest, TakesAnIdItsBeginningOrATitle) {
  const std::vector<ListInfo> lists{list(0xAB, 1, "Known"), list(0xAB, 2, "Other"), list(0xCD, 0, "Twice"),
                                    list(0xCE, 0, "Twice"), list(0xEF, 0, "cd00")};
  const auto title = [&](std::string_view text) {
    const auto chosen = choose_list(lists, text);
    return chosen ? chosen->body.title : std::string(to_string(chosen.error().code));
  };
  EXPECT_EQ(title("Known"), "Known");
  EXPECT_EQ(title("known"), "not_found");
  EXPECT_EQ(title("ab0001"), "Known");
  EXPECT_EQ(title("AB0002"), "Other");
  EXPECT_EQ(title("ab00"), "conflict");
  EXPECT_EQ(title("ab0"), "not_found");
  EXPECT_EQ(title("Twice"), "conflict");
  EXPECT_EQ(title("ce00"), "Twice");
  EXPECT_EQ(title("cd00"), "conflict");  // a title, and the beginning of an id
  EXPECT_EQ(title(to_text(lists[2].id)), "Twice");
  EXPECT_EQ(title(to_text(lists[2].id) + "0"), "not_found");
  EXPECT_EQ(title(""), "not_found");
}

}  // namespace
}  // namespace fristad
