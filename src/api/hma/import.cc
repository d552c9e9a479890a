#include "api/hma/import.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "api/hma/banks.h"
#include "api/hma/content.h"
#include "api/hma/metadata.h"
#include "api/hma/signals.h"
#include "base/hex.h"
#include "base/try.h"
#include "http/client.h"

namespace fristad {
namespace {

constexpr std::int64_t absent_max = 20'000;  // ids in a row, after which there are no more
constexpr std::int64_t told_every = 200;
constexpr std::size_t ranges_at_once = 1000;
constexpr int attempts_max = 3;

Error not_hma(const char* what) {
  return {Code::damaged, std::string("that isn't an HMA: ") + what};
}

// ---- What HMA says ----

class HmaSource {
 public:
  static Result<HmaSource> at(const HmaImport& options) {
    HttpTarget target = TRY(HttpTarget::parse(options.url));
    target.path = target.path.substr(0, target.path.find('?'));
    while (target.path.ends_with('/')) target.path.pop_back();
    return HmaSource(std::move(target), options.token);
  }

  // Names it in the table of what was imported.
  std::string name() const {
    return (target_.tls ? "https://" : "http://") + target_.host + ":" + std::to_string(target_.port) + target_.path;
  }

  // Gives the answer's status too where it is 404.
  Result<std::pair<int, Json>> get(const std::string& path) {
    HttpCall call{.target = target_.path + path};
    call.headers.add("Accept", "application/json");
    if (!token_.empty()) call.headers.add("Authorization", "Bearer " + token_);
    for (int attempt = 1;; ++attempt) {
      const auto answer = client_.send(call);
      if (!answer && attempt < attempts_max && answer.error().code == Code::unavailable) continue;
      if (!answer) return Error{answer.error().code, "the HMA: " + answer.error().message};
      if (answer->status == 401 || answer->status == 403) {
        return Error{Code::permission_denied, "the HMA refuses us: give the token that it wants"};
      }
      if (answer->status != 200 && answer->status != 404) {
        return Error{Code::unavailable, "the HMA answers with status " + std::to_string(answer->status)};
      }
      auto parsed = parse_json(answer->body, {.bytes_max = 16 << 20, .depth_max = 64, .reals = true});
      if (!parsed) return not_hma("its answer is no JSON");
      return std::pair(answer->status, *std::move(parsed));
    }
  }

 private:
  HmaSource(HttpTarget target, std::string token)
      : target_(std::move(target)),
        token_(std::move(token)),
        client_({.host = target_.host, .port = target_.port, .tls = target_.tls}) {}

  HttpTarget target_;
  std::string token_;
  HttpClient client_;
};

std::optional<double> real_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (value->integer() != nullptr) return static_cast<double>(*value->integer());
  return value->real() != nullptr ? std::optional(*value->real()) : std::nullopt;
}

std::string text_of(const Json* value) {
  return value != nullptr && value->text() != nullptr ? *value->text() : "";
}

struct TheirContent {
  std::string bank;
  std::int64_t signals = 0;             // how many it has, of all types
  std::optional<EntryBody> entry = {};  // nothing: none of them has a place here
  EntryState state = {};
  bool shortened = false;
};

// The hashes that have a place here: those of our drop-in, and SHA-256.
bool take_signal(EntryBody& entry, const std::string& type, const Json& signal) {
  if (signal.text() == nullptr) return false;
  if (is_hma_signal(type)) {
    const auto query = hma_query(type, *signal.text());
    if (query) set_signal(entry, *query);
    return query.has_value();
  }
  if (type != "video_sha256") return false;
  entry.sha256.emplace();
  if (from_hex(*signal.text(), *entry.sha256)) return true;
  entry.sha256.reset();
  return false;
}

// HMA's own "collab" is kept too: it says from which exchange the content came.
std::string context_text(const Json* metadata) {
  if (metadata == nullptr || metadata->members() == nullptr) return "";
  Json::Object kept;
  for (const auto& [name, value] : *metadata->members()) {
    if (!value.is_null()) kept.emplace(name, value);
  }
  return kept.empty() ? "" : canonical(Json(std::move(kept)));
}

Result<TheirContent> read_content(const Json& sent, std::int64_t id) {
  const Json* const bank = sent.find("bank");
  const Json* const until = sent.find("disable_until_ts");
  if (bank == nullptr || until == nullptr || until->integer() == nullptr) return not_hma("a content without a state");
  TheirContent content{.bank = text_of(bank->find("name"))};
  content.state.paused_until_ms = paused_until_ms(std::max(*until->integer(), std::int64_t{0}));
  const Json* const metadata = sent.find("metadata");
  EntryBody entry{.note = text_of(sent.find("note")), .context = context_text(metadata)};
  const std::string theirs = metadata != nullptr ? text_of(metadata->find("content_id")) : "";
  entry.id = theirs.empty() ? std::to_string(id) : theirs;
  bool any = false;
  if (const Json* const signals = sent.find("signals"); signals != nullptr && signals->members() != nullptr) {
    for (const auto& [type, signal] : *signals->members()) any = take_signal(entry, type, signal) || any;
    content.signals = std::ssize(*signals->members());
  }
  if (!any) return content;
  // As it will be read back: what is too long for us would else refuse its whole batch.
  if (!entry.check()) {
    entry.context.clear();
    entry.id = std::to_string(id);
    content.shortened = true;
  }
  if (entry.check()) content.entry = std::move(entry);
  return content;
}

// ---- Following it ----

struct Imported {
  ListId list{};
  std::int64_t number = 0;
};

class HmaImporter {
 public:
  HmaImporter(const HmaImport& options, HmaSource source, Journal& journal, Material& material)
      : options_(options),
        source_(std::move(source)),
        name_(source_.name()),
        journal_(journal),
        material_(material),
        banks_(journal, material) {}

  Result<HmaImportReport> run() {
    TRY(load_known());
    TRY(follow_banks());
    const Status walked = bank_names_.empty() ? Status() : walk();
    // What was read is kept, also where it ended early.
    for (auto& [bank, batch] : batches_) TRY(flush(batch));
    TRY(walked);
    TRY(withdraw_gone());
    return report_;
  }

 private:
  struct Batch {
    ListId list{};
    std::vector<std::int64_t> ids = {};
    std::vector<EntryBody> entries = {};
    std::vector<EntryState> states = {};
  };

  Status load_known() {
    const auto reader = TRY(journal_.store().connect(true));
    TRY(reader->query("SELECT id, list, number FROM hma_import WHERE source = $1", {std::string_view(name_)},
                      [&](const SqlRow& row) {
                        Imported imported{.list = {}, .number = row.integer(2)};
                        if (row.bytes(1).size() != imported.list.size()) return Status();
                        std::ranges::copy(row.bytes(1), imported.list.begin());
                        known_[row.integer(0)] = imported;
                        last_known_ = std::max(last_known_, row.integer(0));
                        return Status();
                      }));
    std::set<ListId> lists;
    for (const auto& [id, imported] : known_) lists.insert(imported.list);
    for (const ListId& list : lists) {
      const Status read = material_.for_each_entry(list, [&](const EntryView& entry) -> Status {
        if (entry.withdrawn || !entry.body.note.empty() || entry.paused_until_ms != 0) {
          standing_[{list, entry.number}] = {entry.body.note, entry.paused_until_ms, entry.withdrawn};
        }
        return {};
      });
      // The list may have been erased.
      if (!read && read.error().code != Code::not_found) return read;
    }
    return {};
  }

  Status follow_banks() {
    const auto [status, banks] = TRY(source_.get("/c/banks"));
    if (status != 200 || banks.array() == nullptr) return not_hma("it has no banks");
    if (banks.array()->empty() && !known_.empty()) {
      return Error{Code::conflict,
                   "the HMA has no banks any more, and contents were imported from it: was it reset? Nothing was "
                   "withdrawn; withdraw the lists themselves if it is meant so"};
    }
    for (const Json& bank : *banks.array()) {
      const std::string name = text_of(bank.find("name"));
      const auto ratio = real_of(bank.find("matching_enabled_ratio"));
      if (!is_bank_name(name) || !ratio || std::fabs(*ratio) > 1e6) return not_hma("a bank without a name or share");
      TRY(follow_bank(name, std::llround(*ratio * static_cast<double>(whole_ppm))));
      bank_names_.push_back(name);
    }
    return {};
  }

  Status follow_bank(const std::string& name, std::int64_t ratio_ppm) {
    const auto banks = TRY(banks_.all());
    const HmaBank* const ours = banks->named(name);
    if (ours == nullptr) {
      TRY(banks_.make(options_.actor, name, ratio_ppm));
      ++report_.banks_made;
      return {};
    }
    if (!ours->own) {
      return Error{Code::permission_denied, "bank " + name + " is another member's list here: rename one of the two"};
    }
    if (ours->ratio_ppm != ratio_ppm) TRY(banks_.change(options_.actor, name, {}, ratio_ppm));
    return {};
  }

  // How many signals there are, of all types.
  Result<std::int64_t> signals_there() {
    const auto [status, types] = TRY(source_.get("/c/signal_type/index"));
    if (status != 200 || types.members() == nullptr) return not_hma("it tells nothing of its index");
    std::int64_t sum = 0;
    for (const auto& [type, index] : *types.members()) {
      const Json* const size = index.find("db_size");
      if (size == nullptr || size->integer() == nullptr) return not_hma("it tells nothing of its index");
      sum += *size->integer();
    }
    return sum;
  }

  Status walk() {
    std::int64_t total = TRY(signals_there());
    std::int64_t seen = 0;
    std::int64_t absent = 0;
    for (std::int64_t id = 1; id <= last_known_ || absent < absent_max; ++id) {
      if (seen >= total && id > last_known_) {
        // Some may have come meanwhile.
        total = TRY(signals_there());
        if (seen >= total) break;
      }
      const auto content = TRY(fetch(id));
      if (!content) {
        ++absent;
        if (known_.contains(id)) gone_.push_back(id);
      } else {
        absent = 0;
        seen += content->signals;
        ++report_.contents;
        TRY(follow(id, *content));
      }
      if (options_.progress && id % told_every == 0) TRY(options_.progress(report_));
    }
    return {};
  }

  Result<std::optional<TheirContent>> fetch(std::int64_t id) {
    // Whichever bank is named, HMA looks for the id alone.
    const auto [status, sent] = TRY(source_.get("/c/bank/" + bank_names_.front() + "/content/" + std::to_string(id) +
                                                "?include_signals=true&include_metadata=true"));
    if (status == 200) return std::optional(TRY(read_content(sent, id)));
    if (text_of(sent.find("message")).starts_with("content ")) return std::optional<TheirContent>();
    return Error{Code::conflict, "bank " + bank_names_.front() + " of the HMA went away meanwhile: run it again"};
  }

  Status follow(std::int64_t id, const TheirContent& content) {
    if (const auto at = known_.find(id); at != known_.end()) return follow_state(at->second, content);
    if (!content.entry) {
      ++report_.skipped;
      return {};
    }
    Batch& batch = batches_[content.bank];
    if (batch.ids.empty()) {
      const auto banks = TRY(banks_.all());
      const HmaBank* const bank = banks->named(content.bank);
      if (bank == nullptr) return Error{Code::conflict, "a bank was made in the HMA meanwhile: run it again"};
      batch.list = bank->list;
    }
    if (content.shortened) ++report_.shortened;
    batch.ids.push_back(id);
    batch.entries.push_back(*content.entry);
    batch.states.push_back(content.state);
    return batch.ids.size() == items_max ? flush(batch) : Status();
  }

  // The note of the chunk is the first that it had.
  Status follow_state(const Imported& imported, const TheirContent& content) {
    if (!content.entry) return {};
    Standing ours;
    if (const auto at = standing_.find({imported.list, imported.number}); at != standing_.end()) ours = at->second;
    const std::string& note = content.entry->note;
    const bool same = ours.note == note && ours.paused_until_ms == content.state.paused_until_ms;
    if (same || ours.withdrawn) return {};
    const Status changed =
        material_.revise_entry(options_.actor, imported.list, imported.number, [&](EntryState& state) -> Status {
          state.paused_until_ms = content.state.paused_until_ms;
          if (ours.note != note) state.note = note;
          return {};
        });
    // Erased here.
    if (!changed && changed.error().code == Code::not_found) return {};
    if (changed) ++report_.changed;
    return changed;
  }

  Status flush(Batch& batch) {
    if (batch.ids.empty()) return {};
    const Decide tie = [&](Decision& decision) -> Status {
      const std::int64_t first = EntryPlace{decision.recorded().front().place, 0}.number();
      auto rows = TRY(decision.views().bulk_insert("hma_import", "source, id, list, number", 4));
      for (std::size_t i = 0; i < batch.ids.size(); ++i) {
        TRY(rows.row({std::string_view(name_), batch.ids[i], Bytes(batch.list), first + static_cast<std::int64_t>(i)}));
      }
      return rows.finish();
    };
    TRY(material_.add_entries({options_.actor, tie}, batch.list, batch.entries, batch.states));
    report_.added += std::ssize(batch.ids);
    batch = {};
    return {};
  }

  Status withdraw_gone() {
    std::map<ListId, std::vector<std::int64_t>> by_list;
    for (const std::int64_t id : gone_) by_list[known_.at(id).list].push_back(id);
    for (const auto& [list, ids] : by_list) {
      for (std::size_t from = 0; from < ids.size(); from += ranges_at_once) {
        TRY(withdraw(list, std::span(ids).subspan(from, std::min(ranges_at_once, ids.size() - from))));
      }
    }
    return {};
  }

  Status withdraw(const ListId& list, std::span<const std::int64_t> ids) {
    const Decide forget = [&](Decision& decision) -> Status {
      for (const std::int64_t id : ids) {
        TRY(decision.views().execute("DELETE FROM hma_import WHERE source = $1 AND id = $2",
                                     {std::string_view(name_), id}));
      }
      return {};
    };
    std::vector<std::int64_t> numbers;
    for (const std::int64_t id : ids) numbers.push_back(known_.at(id).number);
    std::ranges::sort(numbers);
    std::vector<NumberRange> ranges;
    for (const std::int64_t number : numbers) {
      const auto at = standing_.find({list, number});
      if (at != standing_.end() && at->second.withdrawn) continue;
      ++report_.withdrawn;
      if (!ranges.empty() && ranges.back().last == number - 1) {
        ranges.back().last = number;
      } else {
        ranges.push_back({number, number});
      }
    }
    if (!ranges.empty()) {
      const auto done = material_.withdraw({options_.actor, forget}, list, ranges, "gone from the HMA it came from");
      if (done) return {};
      // Withdrawn or erased here meanwhile, or before.
      if (done.error().code != Code::conflict && done.error().code != Code::not_found) return done.error();
    }
    TRY(journal_.transact("", forget));
    return {};
  }

  // How an entry of ours stands, where that isn't plain: matching, without a note.
  struct Standing {
    std::string note = {};
    std::int64_t paused_until_ms = 0;
    bool withdrawn = false;
  };

  const HmaImport& options_;
  HmaSource source_;
  const std::string name_;
  Journal& journal_;
  Material& material_;
  HmaBanks banks_;
  HmaImportReport report_;
  std::vector<std::string> bank_names_;  // there
  std::unordered_map<std::int64_t, Imported> known_;
  std::int64_t last_known_ = 0;
  std::map<std::pair<ListId, std::int64_t>, Standing> standing_;
  std::map<std::string, Batch> batches_;
  std::vector<std::int64_t> gone_;
};

}  // namespace

Result<HmaImportReport> import_hma(const HmaImport& options, Journal& journal, Material& material) {
  return HmaImporter(options, TRY(HmaSource::at(options)), journal, material).run();
}

}  // namespace fristad
