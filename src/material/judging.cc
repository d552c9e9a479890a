// What becomes of what the index found: the rule is asked with all that is known of an entry and of its member.

#include <algorithm>
#include <limits>
#include <set>

#include "base/try.h"
#include "material/material_impl.h"

namespace fristad {
namespace {

void order(std::vector<MaterialMatch>& matches) {
  std::ranges::sort(matches, {},
                    [](const MaterialMatch& match) { return std::tuple(match.distance, match.list, match.number); });
}

}  // namespace

Origin Material::Impl::origin_of(const std::string& member) const {
  if (options.origin) return options.origin(member);
  return {.muted = false, .jurisdiction = member, .cosigned = std::numeric_limits<std::uint64_t>::max()};
}

RuleInput Material::Impl::unremarked_input(const KnownList& known, std::int64_t number,
                                           Classification classification) const {
  RuleInput input{.own = known.own(),
                  .purpose = known.body.purpose,
                  .list_state = known.body.state,
                  .classification = classification};
  if (input.own) return input;
  const Origin origin = origin_of(known.member);
  input.origin_muted = origin.muted;
  input.cosigned = EntryPlace::of_number(known.log, number).chunk.position < origin.cosigned;
  input.followed = !options.follows || options.follows(known.member, known.scope);
  const Subscription rule = known.subscription.value_or(Subscription());
  input.subscribed = rule.subscribed;
  input.national_opted_in = rule.national;
  input.enforce_foreign = rule.enforce;
  input.heed_foreign_disputes = rule.heed_disputes;
  return input;
}

Result<RuleInput> Material::Impl::rule_input(const KnownList& known, const ListId& list, std::int64_t number,
                                             Classification classification,
                                             std::vector<Explanation::Opinion>* opinions) const {
  RuleInput input = unremarked_input(known, number, classification);
  std::vector<Explanation::Opinion> all;
  std::vector<std::uint64_t> positions;
  {
    const std::scoped_lock lock(reading);
    input.withdrawn =
        TRY(views->integer("SELECT 1 FROM withdrawn WHERE list = $1 AND number = $2", {Bytes(list), number}))
            .has_value();
    const std::int64_t now_ms = journal.now_ms();
    TRY(views->query("SELECT paused_until FROM entry_state WHERE list = $1 AND number = $2", {Bytes(list), number},
                     [&](const SqlRow& row) {
                       input.paused = EntryState{.paused_until_ms = row.integer(0)}.paused(now_ms);
                       return Status();
                     }));
    TRY(
        views->query("SELECT log, verdict, basis, reason, at, place FROM opinion WHERE list = $1 AND number = $2 "
                     "ORDER BY log, place",
                     {Bytes(list), number}, [&](const SqlRow& row) {
                       all.push_back({.member = journal.author(static_cast<std::uint32_t>(row.integer(0))),
                                      .verdict = from_text<Verdict>(row.text(1)).value_or(Verdict::confirm),
                                      .basis = from_text<Basis>(row.text(2)).value_or(Basis::relayed),
                                      .reason = std::string(row.text(3)),
                                      .at_ms = row.integer(4)});
                       positions.push_back(Place::of(row.integer(5)).position);
                       return Status();
                     }));
  }
  // Of each member the last that it said; but what too few have seen takes nothing back that enough have.
  std::vector<Explanation::Opinion> said;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Explanation::Opinion& one = all[i];
    one.cosigned = one.member == journal.member() || positions[i] < origin_of(one.member).cosigned;
    const bool same = !said.empty() && said.back().member == one.member;
    if (!same) {
      said.push_back(std::move(one));
    } else if (one.cosigned || one.verdict == Verdict::dispute || !said.back().cosigned) {
      said.back() = std::move(one);
    }
  }
  count_voices(known, said, input);
  if (opinions != nullptr) *opinions = std::move(said);
  return input;
}

// A country's many bodies are one voice: else a state could confirm itself through its own hotline.
void Material::Impl::count_voices(const KnownList& known, std::span<const Explanation::Opinion> opinions,
                                  RuleInput& input) const {
  std::set<std::string> confirming;
  std::set<std::string> disputing;
  for (const Explanation::Opinion& opinion : opinions) {
    if (opinion.basis != Basis::examined) continue;
    // Who has two histories may tell each reader another; a dispute is heeded all the same.
    if (!opinion.cosigned && opinion.verdict == Verdict::confirm) continue;
    const bool ours = opinion.member == journal.member();
    if (ours && opinion.verdict == Verdict::dispute) input.disputed_by_us = true;
    std::string jurisdiction = voice_of(opinion.member);
    // On our own lists we have a say before we are a member of anything.
    if (ours && known.own() && jurisdiction.empty()) jurisdiction = opinion.member;
    if (jurisdiction.empty()) continue;
    (opinion.verdict == Verdict::confirm ? confirming : disputing).insert(std::move(jurisdiction));
  }
  input.confirmed_by = static_cast<int>(confirming.size());
  input.disputed_by = static_cast<int>(disputing.size());
}

std::string Material::Impl::voice_of(const std::string& member) const {
  Origin origin = origin_of(member);
  return origin.muted ? std::string() : std::move(origin.jurisdiction);
}

Result<std::shared_ptr<const ChunkInfo>> Material::Impl::chunk_info(Place chunk) const {
  if (auto known = chunk_cache.find(chunk)) return known;
  std::shared_ptr<ChunkInfo> info;
  {
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT list, classes FROM chunk WHERE place = $1", {chunk.value()}, [&](const SqlRow& row) {
      info = std::make_shared<ChunkInfo>();
      std::ranges::copy(row.bytes(0), info->list.begin());
      for (const std::uint8_t one : row.bytes(1)) info->classifications.push_back(static_cast<Classification>(one));
      return Status();
    }));
  }
  if (info) chunk_cache.put(chunk, info);
  return std::shared_ptr<const ChunkInfo>(std::move(info));
}

Result<std::vector<MaterialMatch>> Material::Impl::judged(std::span<const LiveMatch> found, Ruled ruled) const {
  struct Near {
    MaterialMatch match;
    const KnownList* list;
    Classification classification;
    bool plain;  // nothing was said of it: its list, chunk and origin are all
  };
  std::vector<Near> near;
  bool allowed = false;
  const auto all = lists.get();
  for (const LiveMatch& one : found) {
    const EntryPlace place = EntryPlace::of(one.handle);
    const auto chunk = TRY(chunk_info(place.chunk));
    const auto known = chunk ? all->find(chunk->list) : all->end();
    if (known == all->end() || one.distance > static_cast<std::uint32_t>(known->second.body.limit)) continue;
    if (known->second.body.purpose == Purpose::allow) {
      // A withdrawn entry has left the index already.
      allowed = allowed || known->second.body.state == ListState::enabled;
      continue;
    }
    const std::shared_lock lock(remarking);
    near.push_back({{.list = chunk->list, .number = place.number(), .distance = one.distance, .place = place},
                    &known->second,
                    chunk->classifications.at(place.item),
                    !remarked.contains(one.handle) && !is_behind.load()});
  }
  std::vector<MaterialMatch> matches;
  for (Near& each : near) {
    RuleInput input =
        each.plain ? unremarked_input(*each.list, each.match.number, each.classification)
                   : TRY(rule_input(*each.list, each.match.list, each.match.number, each.classification, nullptr));
    input.allow_listed = allowed;
    each.match.ruling = rule_on(input);
    if (!input.own && each.match.ruling.level == Level::enforce &&
        !enforced.take(each.list->member, journal.now_ms(), each.list->cap())) {
      input.over_cap = true;
      each.match.ruling = rule_on(input);
    }
    if (ruled == Ruled::all || each.match.ruling.level != Level::none) matches.push_back(std::move(each.match));
  }
  order(matches);
  return matches;
}

}  // namespace fristad
