#include "api/hma/banks.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t name_bytes_max = 200;  // as of a title

struct Row {
  std::string name;
  std::int64_t ratio_ppm = whole_ppm;
};
using Rows = std::map<ListId, Row>;

Result<Rows> rows_in(Connection& connection) {
  Rows rows;
  TRY(connection.query("SELECT name, list, ratio_ppm FROM hma_bank", {}, [&](const SqlRow& row) {
    ListId list{};
    if (row.bytes(1).size() != list.size()) return Status();
    std::ranges::copy(row.bytes(1), list.begin());
    rows[list] = {std::string(row.text(0)), row.integer(2)};
    return Status();
  }));
  return rows;
}

Status add_row(Connection& to, std::string_view name, const ListId& list, std::int64_t ratio_ppm) {
  const auto added =
      to.execute("INSERT INTO hma_bank(name, list, ratio_ppm) VALUES ($1, $2, $3)", {name, Bytes(list), ratio_ppm});
  if (added) return {};
  if (added.error().code != Code::already_exists) return added.error();
  return Error{Code::already_exists, "there is a bank of that name"};
}

bool is_bank(const ListInfo& list) {
  return list.body.purpose == Purpose::match && list.body.state != ListState::withdrawn;
}

// The share as it counts: who disables or enables the list elsewhere means all of it.
std::int64_t effective_ppm(const ListInfo& list, std::int64_t ppm) {
  if (list.body.state == ListState::disabled) return std::min(ppm, std::int64_t{0});
  return ppm > 0 ? ppm : whole_ppm;
}

std::string free_name(const std::string& wanted, const std::set<std::string>& taken) {
  std::string name = wanted;
  for (int i = 2; taken.contains(name); ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

// Names those that have none, and forgets those that are no banks any more.
Status name_lists(Decision& decision, const std::vector<ListInfo>& lists) {
  Connection& to = decision.views();
  std::set<ListId> there;
  for (const ListInfo& list : lists) there.insert(list.id);
  std::set<std::string> taken;
  Rows rows = TRY(rows_in(to));
  for (const auto& [list, row] : rows) {
    if (there.contains(list)) {
      taken.insert(row.name);
    } else {
      TRY(to.execute("DELETE FROM hma_bank WHERE list = $1", {Bytes(list)}));
    }
  }
  for (const ListInfo& list : lists) {
    if (rows.contains(list.id)) continue;
    const std::string name = free_name(bank_name_of(list.body.title), taken);
    TRY(add_row(to, name, list.id, list.body.state == ListState::disabled ? 0 : whole_ppm));
    taken.insert(name);
  }
  return {};
}

}  // namespace

bool is_bank_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && name.size() <= name_bytes_max && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string bank_name_of(std::string_view title) {
  std::string name;
  for (const char c : title) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      name += c;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      name += '_';  // once for each character
    }
  }
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(0, "_");
  return name;
}

Json to_json(const HmaBank& bank) {
  return Json::object({{"matching_enabled_ratio", bank.ratio()}, {"name", bank.name}});
}

void HmaBankSet::add(HmaBank bank) {
  names_[bank.list] = bank.name;
  std::string name = bank.name;
  by_name_.insert_or_assign(std::move(name), std::move(bank));
}

const HmaBank* HmaBankSet::named(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &at->second;
}

const HmaBank* HmaBankSet::of(const ListId& list) const {
  const auto at = names_.find(list);
  return at == names_.end() ? nullptr : named(at->second);
}

HmaBanks::HmaBanks(Journal& journal, Material& material)
    : journal_(journal), material_(material), banks_(std::make_shared<const HmaBankSet>()) {
  journal.subscribe([weak = std::weak_ptr(state_)](std::span<const Record> records) {
    const auto state = weak.lock();
    if (!state) return;
    const auto is_list = [](const Record& record) {
      return record.payload.kind == kind_list || record.payload.kind == kind_erased;
    };
    if (std::ranges::any_of(records, is_list)) ++state->changes;
  });
}

Result<std::shared_ptr<const HmaBankSet>> HmaBanks::all() {
  if (loaded_.load() != state_->changes.load()) return load();
  return banks_.get();
}

Result<std::shared_ptr<const HmaBankSet>> HmaBanks::load() {
  const std::scoped_lock lock(loading_);
  const std::uint64_t changes = state_->changes.load();
  if (loaded_.load() == changes) return banks_.get();
  std::vector<ListInfo> lists;
  for (ListInfo& list : TRY(material_.lists())) {
    if (is_bank(list)) lists.push_back(std::move(list));
  }
  const auto reader = TRY(journal_.store().connect(true));
  Rows rows = TRY(rows_in(*reader));
  const bool all_named = rows.size() == lists.size() &&
                         std::ranges::all_of(lists, [&](const ListInfo& list) { return rows.contains(list.id); });
  if (!all_named) {
    TRY(journal_.transact("", [&](Decision& decision) -> Status {
      TRY(name_lists(decision, lists));
      rows = TRY(rows_in(decision.views()));
      return {};
    }));
  }
  auto banks = std::make_shared<HmaBankSet>();
  for (const ListInfo& list : lists) {
    const Row& row = rows[list.id];
    banks->add({.name = row.name,
                .list = list.id,
                .ratio_ppm = effective_ppm(list, row.ratio_ppm),
                .own = list.own,
                .handling = list.body.handling});
  }
  banks_.set(banks);
  loaded_ = changes;
  return std::shared_ptr<const HmaBankSet>(std::move(banks));
}

Result<HmaBank> HmaBanks::make(std::string_view actor, std::string_view name, std::int64_t ratio_ppm) {
  if (!is_bank_name(name)) return Error{Code::invalid_argument, "Bank names must be UPPER_WITH_UNDERSCORE"};
  // So that all that have a name are named before it, and its row meets theirs.
  TRY(all());
  const Decide tie = [&](Decision& decision) {
    return add_row(decision.views(), name, decision.recorded().front().id, ratio_ppm);
  };
  const ListBody body{.title = std::string(name), .state = ratio_ppm > 0 ? ListState::enabled : ListState::disabled};
  const ListId list = TRY(material_.create_list({actor, tie}, body));
  return HmaBank{.name = std::string(name), .list = list, .ratio_ppm = ratio_ppm, .handling = body.handling};
}

Result<HmaBank> HmaBanks::bank_of_ours(std::string_view name) {
  const auto banks = TRY(all());
  const HmaBank* const bank = banks->named(name);
  if (bank == nullptr) return Error{Code::not_found, "Bank not found"};
  if (bank->own) return *bank;
  return Error{Code::permission_denied,
               "bank '" + bank->name + "' is another member's list: only its owner changes it"};
}

Result<HmaBank> HmaBanks::change(std::string_view actor, std::string_view name, std::optional<std::string> new_name,
                                 std::optional<std::int64_t> ratio_ppm) {
  HmaBank bank = TRY(bank_of_ours(name));
  const std::string old_name = bank.name;
  if (new_name && !is_bank_name(*new_name)) {
    return Error{Code::invalid_argument, "Bank names must be UPPER_WITH_UNDERSCORE"};
  }
  if (new_name) bank.name = *new_name;
  if (ratio_ppm) bank.ratio_ppm = *ratio_ppm;
  const Decide tie = [&](Decision& decision) -> Status {
    TRY(decision.views().execute("DELETE FROM hma_bank WHERE list = $1", {Bytes(bank.list)}));
    return add_row(decision.views(), bank.name, bank.list, bank.ratio_ppm);
  };
  TRY(material_.revise_list({actor, tie}, bank.list, [&](ListBody& body) -> Status {
    if (body.title == old_name) body.title = bank.name;
    body.state = bank.ratio_ppm > 0 ? ListState::enabled : ListState::disabled;
    return {};
  }));
  return bank;
}

Status HmaBanks::withdraw(std::string_view actor, std::string_view name) {
  const HmaBank bank = TRY(bank_of_ours(name));
  const Decide untie = [&](Decision& decision) -> Status {
    TRY(decision.views().execute("DELETE FROM hma_bank WHERE list = $1", {Bytes(bank.list)}));
    return {};
  };
  return material_.revise_list({actor, untie}, bank.list, [](ListBody& body) -> Status {
    body.state = ListState::withdrawn;
    return {};
  });
}

}  // namespace fristad
