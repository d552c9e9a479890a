#include "api/events.h"

#include <gtest/gtest.h>

#include <string>

namespace fristad {
namespace {

class FakeStream : public EventStream {
 public:
  Status send(std::string_view name, std::string_view data) override {
    if (ended) return Error{Code::unavailable, "closed"};
    heard += std::string(name) + " " + std::string(data) + ";";
    return {};
  }
  void close() override { ended = true; }
  bool closed() const override { return ended; }

  std::string heard;
  bool ended = false;
};

TEST(EventsTest, OnlyThoseWhoMayAtThisMomentHear) {
  std::optional<Caller> eva = Caller{.actor = "eva", .rights = {Right::read_lists}};
  const Caller ada{.actor = "ada", .rights = {Right::manage_users}};
  Events events([&](const Caller& caller) { return caller.actor == "eva" ? eva : std::optional(ada); });
  const auto evas = std::make_shared<FakeStream>();
  const auto adas = std::make_shared<FakeStream>();
  events.open(*eva, evas);
  events.open(ada, adas);
  events.send(Right::read_lists, "lists", "1");
  EXPECT_EQ(evas->heard, "open {};lists 1;");
  EXPECT_EQ(adas->heard, "open {};");
  // Her role is taken away: the stream goes on, without these.
  eva->rights = {Right::node_status};
  events.send(Right::read_lists, "lists", "2");
  EXPECT_EQ(evas->heard, "open {};lists 1;");
  EXPECT_FALSE(evas->ended);
  // Her session ends.
  eva.reset();
  events.recheck();
  EXPECT_TRUE(evas->ended);
  EXPECT_FALSE(adas->ended);
  events.close();
  EXPECT_TRUE(adas->ended);
  const auto late = std::make_shared<FakeStream>();
  events.open(ada, late);
  EXPECT_TRUE(late->ended);
}

TEST(EventsTest, ThereIsRoomForSoMany) {
  Events events([](const Caller& caller) { return std::optional(caller); });
  const Caller eva{.actor = "eva"};
  std::size_t open = 0;
  std::shared_ptr<FakeStream> last;
  while (open < 100 && events.has_room(eva)) {
    events.open(eva, last = std::make_shared<FakeStream>());
    ++open;
  }
  EXPECT_EQ(open, 20u);
  EXPECT_TRUE(events.has_room({.actor = "ada"}));
  last->close();
  EXPECT_TRUE(events.has_room(eva));
}

}  // namespace
}  // namespace fristad
