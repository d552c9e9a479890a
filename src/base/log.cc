#include "base/log.h"

#include <array>

#include "base/json_writer.h"
#include "base/utc_text.h"

namespace fristad {
namespace {

constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};

}  // namespace

void Log::write(LogLevel level, std::string_view event, Fields fields) const {
  if (level < least_) return;
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("time", utc_text_ms(clock_.utc_ms()));
  json.member("level", levels.at(static_cast<std::size_t>(level))).member("event", event);
  for (const auto& field : fields) {
    std::visit([&](const auto& content) { json.member(field.first, content); }, field.second);
  }
  json.end_object();
  line += '\n';
  const std::scoped_lock lock(mutex_);
  sink_(line);
}

}  // namespace fristad
