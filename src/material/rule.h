#pragma once

// Whether a match is acted on: the enforcement rule, as data that can be printed, and each outcome with its reasons.
//
//   const fristad::Ruling ruling = fristad::rule_on({.own = true, .classification = Classification::baseline});
//   to_text(ruling.level);      // "enforce"
//   ruling.reasons;             // {"own-list"}
//
// A match is a lead, never a verdict. `enforce` lets a platform act without asking first; `lead` asks a person;
// `observe` is counted and shown; `none` doesn't match.
//
// Thread-safety: pure functions. Complexity: the rule has some twenty lines.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "material/records.h"

namespace fristad {

enum class Level { none, observe, lead, enforce };
std::string_view to_text(Level level);

// What is known of an entry and of who asks.
struct RuleInput {
  bool own = true;  // its list is ours
  Purpose purpose = Purpose::match;
  ListState list_state = ListState::enabled;
  Classification classification = Classification::unclassified;
  bool withdrawn = false;
  bool paused = false;             // its list's owner lets it rest for a while
  bool allow_listed = false;       // a local allow list holds it
  bool origin_muted = false;       // we mute the list's member
  bool national_opted_in = false;  // we take this list's national classes
  // Jurisdictions, each once, of which an active member that isn't muted gave an opinion whose basis is examined; the
  // origin's own is one of them.
  int confirmed_by = 0;
  int disputed_by = 0;
  bool disputed_by_us = false;
  bool enforce_foreign = false;  // our own rule lets foreign entries be enforced
  bool heed_foreign_disputes = true;
  bool subscribed = false;  // we take the list, if it is another member's
  bool cosigned = false;    // enough witnesses have seen the log in which its member says so
  bool followed = true;     // its member's withdrawals in this list reach us, if it is another member's
  bool over_cap = false;    // so much of its member's was enforced today that a person looks first
};

struct Ruling {
  Level level = Level::none;
  std::vector<std::string_view> reasons;  // names of the lines that decided, the decisive one first
};

// The version that records and explanations name.
inline constexpr int rule_version = 4;

Ruling rule_on(const RuleInput& input);

// The rule, line by line: what it is called, what it asks, and the highest level that it leaves.
struct RuleLine {
  std::string_view name;
  std::string_view asks;
  Level at_most;
};
std::span<const RuleLine> rule_lines();

}  // namespace fristad
