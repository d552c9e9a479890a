#include "api/hma/banks.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"

namespace fristad {
namespace {

TEST(HmaBanksTest, NamesAreInCapitals) {
  EXPECT_TRUE(is_bank_name("UPPER_WITH_UNDERSCORE"));
  EXPECT_TRUE(is_bank_name("_1"));
  for (const std::string& wrong : {std::string(), std::string("a"), std::string("A-B"), std::string("1A"),
                                   std::string("A B"), std::string(201, 'A'), std::string("\u00c5")}) {
    EXPECT_FALSE(is_bank_name(wrong)) << wrong;
  }
  EXPECT_EQ(bank_name_of("Known since 2012"), "KNOWN_SINCE_2012");
  EXPECT_EQ(bank_name_of("2012"), "_2012");
  EXPECT_EQ(bank_name_of("\u00c5l"), "_L");
  EXPECT_EQ(bank_name_of(""), "_");
}

TEST(HmaBanksTest, ListsGetNamesWhenTheyAreSeen) {
  testing::HmaNode node;
  HmaBanks banks(*node.journal, *node.material);
  const ListId known = *node.material->create_list("tester", {.title = "Known"});
  const ListId again = *node.material->create_list("tester", {.title = "known"});
  const auto two = banks.all();
  ASSERT_TRUE(two) << two.error().message;
  ASSERT_EQ((*two)->all().size(), 2u);
  const std::string first = (*two)->of(known)->name;
  const std::string second = (*two)->of(again)->name;
  EXPECT_TRUE((first == "KNOWN" && second == "KNOWN_2") || (first == "KNOWN_2" && second == "KNOWN"));

  // A title that changes leaves the name; the same in another look.
  ASSERT_TRUE(node.material->revise_list("tester", known, [](ListBody& body) -> Status {
    body.title = "Other";
    body.state = ListState::disabled;
    return {};
  }));
  EXPECT_EQ((*banks.all())->of(known)->name, first);
  EXPECT_EQ((*banks.all())->of(known)->ratio_ppm, 0) << "disabled elsewhere is disabled here";
  HmaBanks other(*node.journal, *node.material);
  EXPECT_EQ((*other.all())->of(again)->name, second);

  // Withdrawn elsewhere: the name is free.
  ASSERT_TRUE(node.material->revise_list("tester", known, [](ListBody& body) -> Status {
    body.state = ListState::withdrawn;
    return {};
  }));
  EXPECT_EQ((*banks.all())->of(known), nullptr);
  EXPECT_TRUE(banks.make("tester", first, whole_ppm));
  EXPECT_EQ((*other.all())->all().size(), 2u) << "each follows the journal";
}

TEST(HmaBanksTest, TwoOfOneNameAreRefusedWhole) {
  testing::HmaNode node;
  HmaBanks banks(*node.journal, *node.material);
  ASSERT_TRUE(banks.make("tester", "A", whole_ppm));
  ASSERT_TRUE(banks.make("tester", "B", whole_ppm));
  EXPECT_EQ(banks.make("tester", "A", whole_ppm).error().code, Code::already_exists);
  EXPECT_EQ(node.material->lists()->size(), 2u) << "no list is left behind";
  EXPECT_EQ(banks.change("tester", "B", "A", {}).error().code, Code::already_exists);
  EXPECT_EQ((*banks.all())->named("B")->ratio_ppm, whole_ppm);
  ASSERT_TRUE(banks.change("tester", "B", "C", 500'000));
  EXPECT_EQ(node.material->list((*banks.all())->named("C")->list)->body.title, "C");
  EXPECT_EQ(banks.change("tester", "B", "D", {}).error().code, Code::not_found);
  EXPECT_EQ(banks.withdraw("tester", "B").error().code, Code::not_found);
}

TEST(HmaBanksTest, SignalsOfOthersAreToldIfTheirHandlingLetsThem) {
  HmaBank bank{.name = "A", .own = true, .handling = "TLP:RED"};
  EXPECT_TRUE(bank.tells_signals());
  bank.own = false;
  for (const char* const handling : {"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", ""}) {
    bank.handling = handling;
    EXPECT_FALSE(bank.tells_signals()) << handling;
  }
  for (const char* const handling : {"TLP:GREEN", "TLP:CLEAR"}) {
    bank.handling = handling;
    EXPECT_TRUE(bank.tells_signals()) << handling;
  }
}

}  // namespace
}  // namespace fristad
