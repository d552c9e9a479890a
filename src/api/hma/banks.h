#pragma once

// Banks of HMA: the lists of the node that match, each under a name in capitals, with the share of questions that it
// answers.
//
// A list gets its name from its title when it is first seen here, or when it is made here. A share (ppm) of 0 is a
// disabled list, 1,000,000 an enabled one; what lies between is an enabled list that answers by the toss of a coin. The
// names stand in a table of operation; whatever else is a bank's is recorded as the list's. Each change of a bank
// records a revision of its list, so all who follow the journal learn of it.
//
// Thread-safety: all functions may be called from any thread at once. Complexity: a look into memory; after a list has
// changed, once the tables.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/published.h"
#include "material/material.h"
#include "record/journal.h"

namespace fristad {

inline constexpr std::int64_t whole_ppm = 1'000'000;

struct HmaBank {
  std::string name;
  ListId list{};
  std::int64_t ratio_ppm = whole_ppm;
  bool own = true;  // it may be changed here
  std::string handling = {};

  double ratio() const { return static_cast<double>(ratio_ppm) / static_cast<double>(whole_ppm); }
  // Whether its hashes may be told: it is ours, or its handling code lets them go further.
  bool tells_signals() const { return own || handling == "TLP:CLEAR" || handling == "TLP:GREEN"; }
};

// {"matching_enabled_ratio", "name"}
Json to_json(const HmaBank& bank);

// The banks at one moment.
class HmaBankSet {
 public:
  void add(HmaBank bank);
  const HmaBank* named(std::string_view name) const;
  const HmaBank* of(const ListId& list) const;
  const std::map<std::string, HmaBank, std::less<>>& all() const { return by_name_; }

 private:
  std::map<std::string, HmaBank, std::less<>> by_name_;
  std::map<ListId, std::string> names_;
};

class HmaBanks {
 public:
  HmaBanks(Journal& journal, Material& material);

  // Errors: those of the store.
  Result<std::shared_ptr<const HmaBankSet>> all();

  // Errors: invalid_argument (no such name can be), already_exists.
  Result<HmaBank> make(std::string_view actor, std::string_view name, std::int64_t ratio_ppm);
  // A list whose title is the bank's name follows it. Errors: not_found, permission_denied (not ours), and as above.
  Result<HmaBank> change(std::string_view actor, std::string_view name, std::optional<std::string> new_name,
                         std::optional<std::int64_t> ratio_ppm);
  // Withdraws the list; the name is free. Errors: not_found, permission_denied (not ours).
  Status withdraw(std::string_view actor, std::string_view name);

 private:
  struct State {
    std::atomic<std::uint64_t> changes = 1;  // of lists, since it was made
  };
  Result<std::shared_ptr<const HmaBankSet>> load();
  Result<HmaBank> bank_of_ours(std::string_view name);

  Journal& journal_;
  Material& material_;
  std::shared_ptr<State> state_ =
      std::make_shared<State>();  // the journal's subscriber looks whether it is still there
  std::mutex loading_;
  std::atomic<std::uint64_t> loaded_ = 0;  // the changes that `banks_` has seen
  Published<HmaBankSet> banks_;
};

// UPPER_WITH_UNDERSCORE.
bool is_bank_name(std::string_view name);
// A title as a name: capitals, digits and underscores, none of the digits in front.
std::string bank_name_of(std::string_view title);

}  // namespace fristad
