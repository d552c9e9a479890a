#pragma once

// Our rule for another member's list, as `list show` and `explain` tell it.
//
// Thread-safety: pure functions.

#include <optional>
#include <string>

#include "base/json_writer.h"
#include "cli/env.h"
#include "material/records.h"

namespace fristad {

// A member "subscription"; null where nothing was said.
inline void write_subscription(JsonWriter& json, const std::optional<Subscription>& subscription) {
  json.key("subscription");
  if (!subscription) {
    json.value(nullptr);
    return;
  }
  json.begin_object().member("subscribed", subscription->subscribed).member("enforce", subscription->enforce);
  json.member("national", subscription->national).member("heed_disputes", subscription->heed_disputes);
  json.member("enforced_per_day", subscription->enforced_per_day).end_object();
}

inline std::string subscription_text(const std::optional<Subscription>& subscription) {
  if (!subscription || !subscription->subscribed) return "no: what it finds is counted and shown";
  const std::string a_day = with_commas(static_cast<std::uint64_t>(subscription->enforced_per_day));
  return std::string(subscription->enforce ? "enforced, at most " + a_day + " of its member's a day" : "leads alone") +
         ", national classes " + (subscription->national ? "taken" : "not taken") + ", disputes " +
         (subscription->heed_disputes ? "heeded" : "not heeded");
}

}  // namespace fristad
