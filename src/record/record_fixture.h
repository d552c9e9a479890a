#pragma once

// A small view and a journal in a temporary folder, for the tests of this room.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>

#include "base/try.h"
#include "record/journal.h"
#include "record/verify.h"

namespace fristad::testing {

// Notes: "note.added" {"text"}, with items {"word"}; "note.dropped" {"text"}. One table, one fact for each note.
inline const View& note_view() {
  static constexpr std::array tables_sql{
      Sql("CREATE TABLE note(id text PRIMARY KEY NOT NULL, text text NOT NULL)"),
      Sql("CREATE TABLE word(id text NOT NULL, number bigint NOT NULL, PRIMARY KEY(id, number))"),
  };
  static constexpr std::array migrations{Migration{.version = 2, .what = "notes", .statements = tables_sql}};
  static constexpr std::array tables{
      ViewTable{"note", "DELETE FROM note", "SELECT id, text FROM note ORDER BY id", "tt"},
      ViewTable{"word", "DELETE FROM word", "SELECT id, number FROM word ORDER BY id, number", "ti"},
  };
  static const auto hex = [](const Record& record) {
    std::string text;
    for (const std::uint8_t byte : record.id) text += std::to_string(byte) + ".";
    return text;
  };
  static constexpr std::array kinds{
      Kind{.name = "note.added",
           .schema_newest = 1,
           .from_others = true,
           .check = [](const Record& record) -> Status {
             if (record.payload.body.find("text") != nullptr) return {};
             return Error{Code::invalid_argument, "a note has a text"};
           },
           .apply = [](Fold& fold, const Record& record) -> Status {
             const std::string id = hex(record);
             TRY(fold.views().execute(
                 "INSERT INTO note(id, text) VALUES ($1, $2) ON CONFLICT(id) DO UPDATE SET text = excluded.text",
                 {std::string_view(id), std::string_view(*record.payload.body.find("text")->text())}));
             for (std::size_t i = 0; i < record.items.size(); ++i) {
               if (record.items[i].empty()) continue;
               TRY(fold.views().execute("INSERT INTO word(id, number) VALUES ($1, $2)",
                                        {std::string_view(id), static_cast<std::int64_t>(i)}));
             }
             return fold.fact({.kind = "note", .subject = id, .at_ms = record.payload.at_ms, .dimensions = "{}"});
           },
           .erase = [](Fold& fold, const Record& record, std::span<const std::uint32_t> items) -> Status {
             const std::string id = hex(record);
             for (const std::uint32_t item : items) {
               TRY(fold.views().execute("DELETE FROM word WHERE id = $1 AND number = $2",
                                        {std::string_view(id), std::int64_t{item}}));
             }
             if (!items.empty()) return {};
             TRY(fold.views().execute("DELETE FROM note WHERE id = $1", {std::string_view(id)}));
             TRY(fold.views().execute("DELETE FROM word WHERE id = $1", {std::string_view(id)}));
             return {};
           }},
  };
  static constexpr View view{.name = "notes", .migrations = migrations, .tables = tables, .kinds = kinds};
  return view;
}

inline const Kinds& note_kinds() {
  static const Kinds kinds({&journal_view(), &note_view()});
  return kinds;
}

// Different bytes at each call, the same in each run.
inline Random counting_random() {
  return [rng = std::make_shared<std::mt19937_64>(7)](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>((*rng)());
    return Status();
  };
}

inline JournalKeys test_keys() {
  const auto key = [](std::uint8_t fill) {
    Key seed;
    std::ranges::fill(seed.bytes(), fill);
    return seed;
  };
  return {.record_key = SigningKey::from_seed(key(1)), .log_key = SigningKey::from_seed(key(2)), .data_key = key(3)};
}

inline JournalOptions test_options(Random random = counting_random(), std::string member = "se") {
  return {
      .member = std::move(member),
      .clock = {.utc_ms = [] { return std::int64_t{1'800'000'000'000}; }, .steady_ms = [] { return std::int64_t{0}; }},
      .random = std::move(random)};
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = ::testing::TempDir() + "fristad-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Draft note(std::string text, std::vector<std::string> items = {}) {
  return {.kind = "note.added",
          .scope = "alliance",
          .body = Json::object({{"text", std::move(text)}}),
          .items = std::move(items)};
}

inline std::string dump_of(const Journal& journal) {
  std::string all;
  EXPECT_TRUE(journal.dump([&](std::string_view line) {
    all += std::string(line) + "\n";
    return Status();
  }));
  return all;
}

inline VerifyReport verified(const Journal& journal, std::uint32_t log, std::string folder = {}) {
  auto report = verify_log(journal, log, {.threads = 2, .folder = std::move(folder)});
  EXPECT_TRUE(report) << report.error().message;
  return report ? *report : VerifyReport{.problems = {"none"}};
}

}  // namespace fristad::testing
