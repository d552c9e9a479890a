#include "base/utc_text.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace fristad {

std::string utc_text(std::int64_t utc_ms) {
  using namespace std::chrono;
  const sys_seconds moment = floor<seconds>(sys_time<milliseconds>(milliseconds(utc_ms)));
  const sys_days day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss clock(moment - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string utc_text_ms(std::int64_t utc_ms) {
  std::string text = utc_text(utc_ms);
  std::array<char, 8> part{};
  std::snprintf(part.data(), part.size(), ".%03dZ", static_cast<int>((utc_ms % 1000 + 1000) % 1000));
  text.pop_back();
  return text + part.data();
}

}  // namespace fristad
