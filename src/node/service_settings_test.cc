#include <gtest/gtest.h>

#include "node/service.h"

namespace fristad {
namespace {

TEST(ServiceSettingsTest, EverythingHasADefault) {
  const auto settings = ServiceSettings::parse("{}");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->listen.host, "127.0.0.1");
  EXPECT_EQ(settings->listen.port, 8340);
  EXPECT_FALSE(settings->hma);
  EXPECT_EQ(settings->rp_id(), "localhost");
  EXPECT_EQ(settings->browser_origins(), std::vector<std::string>{"http://localhost:8340"});
}

TEST(ServiceSettingsTest, ReadsWhatIsSaid) {
  const auto settings = ServiceSettings::parse(
      R"({"listen":"[::]:443","certificate_file":"c","key_file":"k","origins":["https://se.example:8443"],)"
      R"("handler_threads":4,"log_level":"warning","open_metrics":true,)"
      R"("hma":{"listen":"127.0.0.1:5100","open":true,"hosts":["hma.example"],"url_hosts":["*.cdn.example"]}})");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->listen.host, "::");
  EXPECT_EQ(settings->listen.port, 443);
  EXPECT_EQ(settings->rp_id(), "se.example");
  EXPECT_EQ(settings->browser_origins(), settings->origins);
  EXPECT_EQ(settings->handler_threads, 4);
  EXPECT_EQ(settings->log_level, LogLevel::warning);
  EXPECT_TRUE(settings->open_metrics);
  ASSERT_TRUE(settings->hma);
  EXPECT_TRUE(settings->hma->open);
  EXPECT_EQ(settings->hma->url_hosts, std::vector<std::string>{"*.cdn.example"});
}

TEST(ServiceSettingsTest, RefusesWhatMakesNoSense) {
  for (const std::string_view wrong :
       {"", "[]", "{\"lisen\":\"127.0.0.1:1\"}", "{\"listen\":\"localhost:1\"}", "{\"listen\":\"127.0.0.1\"}",
        "{\"listen\":\"127.0.0.1:70000\"}", "{\"listen\":\"127.0.0.1:\"}", "{\"certificate_file\":\"c\"}",
        "{\"origins\":[\"se.example\"]}", "{\"origins\":[\"https://se.example/\"]}", "{\"handler_threads\":0}",
        "{\"log_level\":\"loud\"}", "{\"hma\":{\"open\":true,\"listen\":\"0.0.0.0:5100\"}}", "{\"hma\":{\"x\":1}}"}) {
    const auto settings = ServiceSettings::parse(wrong);
    EXPECT_FALSE(settings) << wrong;
    if (!settings) {
      EXPECT_EQ(settings.error().code, Code::invalid_argument) << wrong;
    }
  }
}

TEST(ServiceSettingsTest, LoopbackIsThisMachineAlone) {
  const auto loopback = [](std::string_view text) { return ListenAddress::parse(text)->is_loopback(); };
  EXPECT_TRUE(loopback("127.0.0.1:1"));
  EXPECT_TRUE(loopback("127.9.9.9:1"));
  EXPECT_TRUE(loopback("[::1]:1"));
  EXPECT_FALSE(loopback("0.0.0.0:1"));
  EXPECT_FALSE(loopback("[::]:1"));
  EXPECT_FALSE(loopback("[::ffff:127.0.0.1]:1"));
}

}  // namespace
}  // namespace fristad
