#include <gtest/gtest.h>

#include "alliance/alliance_node_fixture.h"
#include "base/hex.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::everybody;
using testing::founded;
using testing::founding_of;
using testing::Node;
using testing::us_alone;
using testing::voted;

TEST(AllianceQuestions, ReadersAreThoseWhomTheAuthorLets) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const RecordId scope = node.new_scope();
  const std::string text = to_hex(scope);
  const auto reads = [&](std::string_view member) {
    const auto may = node.alliance->reads(member, text);
    EXPECT_TRUE(may) << may.error().message;
    return may && *may;
  };
  EXPECT_FALSE(reads("us"));
  EXPECT_TRUE(reads("se")) << "our own";
  ASSERT_TRUE(node.alliance->grant("a", scope, us_alone));
  EXPECT_TRUE(reads("us"));
  EXPECT_FALSE(reads("nz"));
  EXPECT_EQ(node.alliance->readers(scope)->count("us"), 1u);
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  EXPECT_FALSE(reads("us"));
  EXPECT_TRUE(*node.alliance->hears_corrections("us", text)) << "of what it may have";
  EXPECT_FALSE(*node.alliance->hears_corrections("nz", text));

  ASSERT_TRUE(node.alliance->grant("a", scope, everybody));
  EXPECT_TRUE(reads("us"));
  EXPECT_TRUE(reads("nz"));
  EXPECT_FALSE(reads("dk")) << "no member";
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  EXPECT_FALSE(reads("us")) << "all but this one";
  EXPECT_TRUE(reads("nz"));
  node.reopen();
  EXPECT_TRUE(reads("nz"));
  EXPECT_FALSE(node.alliance->reads("us", "nonsense"));
}

TEST(AllianceQuestions, WhoLosesAScopeHearsOfItsCorrectionsInAnother) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const RecordId scope = node.new_scope();
  const auto views = *node.journal->store().connect(true);
  const auto further = [&] { return corrections_in(*views, to_hex(scope)).value(); };
  const auto reads = [&](std::string_view member, const std::string& which) {
    return node.alliance->reads(member, which).value();
  };
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  ASSERT_TRUE(node.alliance->grant("a", scope, us_alone));
  EXPECT_TRUE(further().empty()) << "nobody has lost it";
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  ASSERT_EQ(further().size(), 1u);
  const CorrectionScope first = further().front();
  EXPECT_TRUE(reads("us", first.scope));
  EXPECT_FALSE(reads("nz", first.scope)) << "it never had it";
  EXPECT_FALSE(reads("us", to_hex(scope)));
  EXPECT_EQ(*node.alliance->corrects(first.scope), scope);
  EXPECT_FALSE(*node.alliance->corrects(to_hex(scope)));
  EXPECT_FALSE(*node.alliance->corrects("public"));
  EXPECT_EQ(node.journal->read(first.since)->payload.kind, kind_corrects);
  const std::uint64_t size = node.journal->head(shared_log).size;
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  EXPECT_EQ(node.journal->head(shared_log).size, size + 1) << "nothing was lost twice";

  // Let in again it hears of all in the scope itself.
  ASSERT_TRUE(node.alliance->grant("a", scope, us_alone));
  EXPECT_TRUE(further().empty());
  ASSERT_TRUE(node.alliance->withdraw("a", scope, us_alone));
  ASSERT_EQ(further().size(), 1u) << "the last one alone, which says all that the first would";
  EXPECT_NE(further().front().scope, first.scope);
  EXPECT_GT(further().front().since, first.since);

  // The whole alliance loses it, but for whom was named since.
  ASSERT_TRUE(node.alliance->grant("a", scope, everybody));
  EXPECT_TRUE(further().empty());
  ASSERT_TRUE(node.alliance->withdraw("a", scope, everybody));
  ASSERT_EQ(further().size(), 1u);
  for (const std::string_view member : {"us", "nz"}) EXPECT_TRUE(reads(member, further().front().scope)) << member;
  ASSERT_TRUE(node.alliance->grant("a", scope, us_alone));
  EXPECT_EQ(further().size(), 1u) << "nz still needs it";
  EXPECT_TRUE(corrections_in(*views, "alliance")->empty());
  EXPECT_TRUE(corrections_in(*views, to_hex(node.new_scope()))->empty());
}

TEST(AllianceQuestions, WhoIsNotActiveReadsNothingButHearsCorrections) {
  Node node;
  EXPECT_FALSE(*node.alliance->reads("us", "alliance")) << "there is none yet";
  node.found(founding_of({"nz", "se", "us"}));
  const RecordId scope = node.new_scope();
  ASSERT_TRUE(node.alliance->grant("a", scope, us_alone));
  for (const std::string_view member : {"us", "nz", "dk"}) {
    EXPECT_TRUE(*node.alliance->reads(member, "public"));
    EXPECT_FALSE(*node.alliance->reads(member, "private"));
    EXPECT_EQ(*node.alliance->reads(member, "alliance"), member != "dk");
    EXPECT_FALSE(*node.alliance->hears_corrections(member, "private"));
  }
  EXPECT_FALSE(*node.alliance->hears_corrections("dk", "alliance"));
  const Change suspend{Change::Suspend{"us", "asked for"}};
  const AllianceState before = node.state();
  ASSERT_TRUE(node.alliance->vote("a", suspend));
  ASSERT_TRUE(node.hear(voted("nz", before, suspend)));
  EXPECT_FALSE(*node.alliance->reads("us", "alliance"));
  EXPECT_FALSE(*node.alliance->reads("us", to_hex(scope)));
  EXPECT_TRUE(*node.alliance->hears_corrections("us", "alliance"));
  EXPECT_TRUE(*node.alliance->hears_corrections("us", to_hex(scope)));
  EXPECT_TRUE(*node.alliance->hears_corrections("us", "public"));
}

TEST(AllianceQuestions, KeysAreThoseOfThePosition) {
  Node node;
  EXPECT_FALSE(node.alliance->key_of("us", KeyPurpose::log, 0));
  const Founding founding = founding_of({"nz", "se", "us"});
  const PublicKey first = testing::member_key("us", KeyPurpose::log).public_key();
  ASSERT_TRUE(node.alliance->found("a", founding));
  EXPECT_EQ(node.alliance->key_of("us", KeyPurpose::log, 0), first) << "founders read one another's logs first";
  ASSERT_TRUE(node.hear(founded("nz", founding)));
  ASSERT_TRUE(node.hear(founded("us", founding)));
  const AllianceState before = node.state();
  const Change renewed{Change::NewCard{card_of("us", {.keys = "2", .valid_from = 50})}};
  ASSERT_TRUE(node.alliance->vote("a", renewed));
  ASSERT_TRUE(node.hear(voted("us", before, renewed)));
  EXPECT_EQ(node.alliance->key_of("us", KeyPurpose::log, 49), first);
  EXPECT_EQ(node.alliance->key_of("us", KeyPurpose::log, 50),
            testing::member_key("us", KeyPurpose::log, "2").public_key());
  EXPECT_FALSE(node.alliance->key_of("dk", KeyPurpose::log, 0));
}

}  // namespace
}  // namespace fristad
