#include "api/device.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(Device, NamesBrowserAndSystem) {
  for (const auto& [sent, device] : {
           std::pair("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
                     "Firefox, Windows"),
           std::pair("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                     "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                     "Edge, Windows"),
           std::pair("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
                     "Safari/537.36",
                     "Chrome, Linux"),
           std::pair("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 "
                     "Safari/537.36",
                     "Chrome, Linux"),
           std::pair("Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) "
                     "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
                     "Samsung Internet, Android"),
           std::pair("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                     "Version/17.5 Safari/605.1.15",
                     "Safari, macOS"),
           std::pair("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                     "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
                     "Chrome, iPhone"),
           std::pair("curl/7.88.1", "curl"),
           std::pair("Something (Linux)", "Linux"),
       }) {
    EXPECT_EQ(device_of(sent), device) << sent;
  }
}

TEST(Device, SaysNothingThatWasSent) {
  EXPECT_EQ(device_of(""), "");
  EXPECT_EQ(device_of("<script>alert(1)</script>"), "");
  EXPECT_EQ(device_of("<b>Firefox/ Windows\r\nX: y"), "Firefox, Windows");
  EXPECT_EQ(device_of(std::string(100'000, 'x') + "Firefox/1"), "") << "it looks so far and no further";
  EXPECT_LE(device_of("SamsungBrowser/ Android").size(), 60u);
}

}  // namespace
}  // namespace fristad
