#include "api/device.h"

#include <span>

namespace fristad {
namespace {

constexpr std::size_t looked_at_max = 512;

struct Known {
  std::string_view mark;
  std::string_view name;
};

// The first that is found: most browsers call themselves by the names of others too.
constexpr Known browsers[]{
    {"Edg/", "Edge"},      {"EdgA/", "Edge"},       {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},     {"Vivaldi/", "Vivaldi"}, {"SamsungBrowser/", "Samsung Internet"},
    {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"}, {"Chromium/", "Chrome"}, {"Safari/", "Safari"},
    {"curl/", "curl"},
};

// Android says that it is Linux, and an iPad may say that it is a Macintosh.
constexpr Known systems[]{
    {"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"},
    {"iPad", "iPad"},       {"Macintosh", "macOS"}, {"CrOS", "ChromeOS"},
    {"Linux", "Linux"},     {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"},
};

std::string_view first_of(std::span<const Known> all, std::string_view in) {
  for (const Known& known : all) {
    if (in.find(known.mark) != std::string_view::npos) return known.name;
  }
  return {};
}

}  // namespace

std::string device_of(std::string_view user_agent) {
  const std::string_view looked_at = user_agent.substr(0, looked_at_max);
  std::string device(first_of(browsers, looked_at));
  const std::string_view system = first_of(systems, looked_at);
  if (!device.empty() && !system.empty()) device += ", ";
  return device += system;
}

}  // namespace fristad
