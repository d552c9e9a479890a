#include "material/rule.h"

#include <algorithm>
#include <array>

namespace fristad {
namespace {

constexpr int confirmations_to_enforce = 2;

constexpr std::array<std::string_view, 4> levels{"none", "observe", "lead", "enforce"};

// Each line that holds lowers what is left; the lowest decides, and of several the first.
struct Line {
  RuleLine shown;
  bool (*holds)(const RuleInput& input);
};

constexpr std::array lines{
    Line{{"allow-list", "its list says what isn't to be found", Level::none},
         [](const RuleInput& in) { return in.purpose == Purpose::allow; }},
    Line{{"entry-withdrawn", "the entry was withdrawn", Level::none}, [](const RuleInput& in) { return in.withdrawn; }},
    Line{{"entry-paused", "the entry rests for a while", Level::none}, [](const RuleInput& in) { return in.paused; }},
    Line{{"list-withdrawn", "the list was withdrawn", Level::none},
         [](const RuleInput& in) { return in.list_state == ListState::withdrawn; }},
    Line{{"list-disabled", "the list is disabled here", Level::none},
         [](const RuleInput& in) { return in.list_state == ListState::disabled; }},
    Line{{"origin-muted", "the member that the list comes from is muted here", Level::none},
         [](const RuleInput& in) { return !in.own && in.origin_muted; }},
    Line{{"allow-listed", "a local allow list holds it", Level::none},
         [](const RuleInput& in) { return in.allow_listed; }},
    Line{{"not-illegal", "it is classified as not illegal", Level::observe},
         [](const RuleInput& in) { return in.classification == Classification::not_illegal; }},
    Line{{"disputed-by-us", "we dispute it", Level::observe}, [](const RuleInput& in) { return in.disputed_by_us; }},
    Line{{"not-subscribed", "a foreign list that we haven't subscribed to", Level::observe},
         [](const RuleInput& in) { return !in.own && !in.subscribed; }},
    Line{{"not-followed", "a foreign list that isn't shared with us any more, or of which withdrawals may not reach us",
          Level::observe},
         [](const RuleInput& in) { return !in.own && !in.followed; }},
    Line{{"foreign-national-class", "a foreign entry outside the INTERPOL baseline, not opted into", Level::observe},
         [](const RuleInput& in) {
           return !in.own && in.classification != Classification::baseline && !in.national_opted_in;
         }},
    Line{{"disputed-abroad", "a jurisdiction that examined it disputes it", Level::lead},
         [](const RuleInput& in) { return in.heed_foreign_disputes && in.disputed_by > 0 && !in.disputed_by_us; }},
    Line{{"unclassified", "it isn't classified", Level::lead},
         [](const RuleInput& in) { return in.classification == Classification::unclassified; }},
    Line{{"not-cosigned", "a foreign entry in a log that too few witnesses have seen so far", Level::lead},
         [](const RuleInput& in) { return !in.own && !in.cosigned; }},
    Line{{"too-few-confirmations", "a foreign entry that fewer than two jurisdictions have examined", Level::lead},
         [](const RuleInput& in) { return !in.own && in.confirmed_by < confirmations_to_enforce; }},
    Line{{"no-rule-to-enforce", "a foreign entry, and no rule of ours says to enforce it", Level::lead},
         [](const RuleInput& in) { return !in.own && !in.enforce_foreign; }},
    Line{{"cap-reached", "as many of its member's entries were enforced today as our rule allows", Level::lead},
         [](const RuleInput& in) { return !in.own && in.over_cap; }},
    Line{{"own-list", "an entry of a list of our own", Level::enforce}, [](const RuleInput& in) { return in.own; }},
    Line{{"confirmed", "a foreign entry that two jurisdictions have examined and our rule enforces", Level::enforce},
         [](const RuleInput& in) { return !in.own; }},
};

}  // namespace

std::string_view to_text(Level level) {
  return levels.at(static_cast<std::size_t>(level));
}

Ruling rule_on(const RuleInput& input) {
  Ruling ruling{.level = Level::enforce, .reasons = {}};
  for (const Line& line : lines) {
    if (!line.holds(input)) continue;
    if (line.shown.at_most < ruling.level) {
      ruling.level = line.shown.at_most;
      ruling.reasons.clear();
    }
    if (line.shown.at_most == ruling.level) ruling.reasons.push_back(line.shown.name);
  }
  return ruling;
}

std::span<const RuleLine> rule_lines() {
  static const auto shown = [] {
    std::array<RuleLine, lines.size()> all{};
    std::ranges::transform(lines, all.begin(), &Line::shown);
    return all;
  }();
  return shown;
}

}  // namespace fristad
