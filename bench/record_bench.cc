// What the record costs: signatures, tree, sealing and views, beside plain inserts of the same bytes.
//
//   record_bench [--records N] [--entries N] [--postgres CONNINFO]

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/try.h"
#include "material/material.h"
#include "record/journal.h"
#include "record/verify.h"
#include "tests/support/fixture.h"

namespace {

using namespace fristad;

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "record_bench: %s\n", error.message.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  return *std::move(result);
}
void must(const Status& status) {
  if (!status) fail(status.error());
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Work>
double timed(const Work& work) {
  const double start = seconds();
  work();
  return seconds() - start;
}

struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "fristad-bench-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

const Kinds& kinds() {
  static const Kinds all({&journal_view(), &material_view()});
  return all;
}

JournalKeys keys(const Random& random) {
  return {.record_key = must(SigningKey::generate(random)),
          .log_key = must(SigningKey::generate(random)),
          .data_key = must(Key::generate(random))};
}

constexpr std::size_t batch = 1000;

Draft opinion(std::size_t number) {
  return {.kind = std::string(kind_opinion),
          .body = Json::object({{"list", "00112233445566778899aabbccddeeff"},
                                {"entry", static_cast<std::int64_t>(number + 1)},
                                {"verdict", "confirm"},
                                {"basis", "examined"},
                                {"reason", "seen before, the same series as the others of this list"}})};
}

// The least that any database has to do for these bytes: one table, one row each, the same commits.
double plain_rate(const std::string& folder, std::size_t records, std::size_t bytes) {
  static constexpr std::array tables{
      Sql("CREATE TABLE plain(place integer PRIMARY KEY NOT NULL, content bytea NOT NULL)")};
  static constexpr std::array migrations{Migration{.version = 1, .what = "plain", .statements = tables}};
  Store store = must(Store::open({.sqlite_path = folder + "/plain.db"}));
  const auto connection = must(store.connect());
  must(migrate(*connection, migrations));
  const std::vector<std::uint8_t> content(bytes, 7);
  const double took = timed([&] {
    for (std::size_t done = 0; done < records; done += batch) {
      Transaction transaction = must(connection->begin());
      for (std::size_t i = 0; i < batch; ++i) {
        must(connection->execute("INSERT INTO plain(place, content) VALUES ($1, $2)",
                                 {static_cast<std::int64_t>(done + i), Bytes(content)}));
      }
      must(transaction.commit());
    }
  });
  return static_cast<double>(records) / took;
}

void bench_records(const StoreOptions& where, std::size_t records) {
  Store store = must(Store::open(where));
  const Random random = system_random();
  auto journal =
      must(Journal::open(store, kinds(), keys(random), {.member = "se", .clock = system_clock(), .random = random}));
  const double took = timed([&] {
    std::vector<Decide> decisions;
    for (std::size_t done = 0; done < records; done += batch) {
      decisions.clear();
      for (std::size_t i = 0; i < batch; ++i) {
        decisions.emplace_back([number = done + i](Decision& decision) -> Status {
          TRY(decision.emit(opinion(number)));
          return {};
        });
      }
      for (const auto& outcome : journal->transact_all("bench", decisions)) {
        if (!outcome) fail(outcome.error());
      }
    }
  });
  const double rate = static_cast<double>(records) / took;
  std::printf("records, %zu to a commit: %.0f/s", batch, rate);
  if (store.is_sqlite()) {
    // Of a record: its leaf, its sealed payload and the key to it.
    const double plain = plain_rate(std::filesystem::path(where.sqlite_path).parent_path(), records, 149 + 72 + 420);
    std::printf("; plain inserts of the same bytes %.0f/s: signature, tree, sealing and views cost %.1fx", plain,
                plain / rate);
  }
  std::printf("\n");

  const auto verify = [&](const char* what, const VerifyOptions& options) {
    VerifyReport report;
    const double verifying = timed([&] { report = must(journal->verify(private_log, options)); });
    if (!report.good()) fail({Code::damaged, report.problems.front()});
    std::printf("verify, %s: %.0f/s\n", what, static_cast<double>(report.records) / verifying);
  };
  verify("hashes and tree, one thread", {.signatures = false, .payloads = false});
  verify("and signatures, two threads", {.signatures = true, .payloads = false, .threads = 2});
  verify("and payloads, two threads", {.signatures = true, .threads = 2});
  const double rebuilding = timed([&] { must(journal->rebuild()); });
  std::printf("rebuild of %zu records: %.1f s\n", records, rebuilding);
}

void bench_entries(const StoreOptions& where, const std::string& folder, std::size_t entries) {
  Store store = must(Store::open(where));
  const Random random = system_random();
  JournalKeys journal_keys = keys(random);
  const Key record_key = journal_keys.data_key.copy();
  const auto open = [&](JournalKeys with) {
    return must(
        Journal::open(store, kinds(), std::move(with), {.member = "se", .clock = system_clock(), .random = random}));
  };
  const auto again = [&] {
    return JournalKeys{.record_key = SigningKey::from_seed(record_key),
                       .log_key = SigningKey::from_seed(record_key),
                       .data_key = record_key.copy()};
  };
  const MaterialOptions options{.folder = folder + "/index", .index_key = SealKey{1}};
  {
    auto journal = open(again());
    auto material = must(Material::open(*journal, options));
    const ListId list = must(material->create_list("bench", {.title = "bench"}));
    double took = 0;
    must(testing::for_fixture_batches({.entries = entries}, [&](std::span<const EntryBody> some) {
      took += timed([&] { must(material->add_entries("bench", list, some)); });
      return Status();
    }));
    std::printf("entries in chunks of 1,000, recorded and indexed: %.0f/s (%.1f s for %zu)\n",
                static_cast<double>(entries) / took, took, entries);
    const double saving = timed([&] { must(material->save()); });
    std::printf("index saved in %.1f s\n", saving);
  }
  const double starting = timed([&] {
    auto journal = open(again());
    auto material = must(Material::open(*journal, options));
    if (material->index_info().entries != entries) fail({Code::damaged, "entries are missing after a start"});
  });
  std::printf("cold start with %zu entries: %.1f s\n", entries, starting);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t records = 100'000;
  std::size_t entries = 1'000'000;
  std::string postgres;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--records") == 0) {
      records = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (std::strcmp(argv[i], "--entries") == 0) {
      entries = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (std::strcmp(argv[i], "--postgres") == 0) {
      postgres = argv[i + 1];
    } else {
      std::fprintf(stderr, "usage: record_bench [--records N] [--entries N] [--postgres CONNINFO]\n");
      return 2;
    }
  }
  const Folder folder;
  const auto where = [&](const char* name) {
    return postgres.empty() ? StoreOptions{.sqlite_path = folder.path + "/" + name}
                            : StoreOptions{.postgres = postgres};
  };
  std::printf("%s, times by the wall clock, one writer\n", postgres.empty() ? "SQLite" : "PostgreSQL");
  if (records > 0) bench_records(where("records.db"), records / batch * batch);
  if (entries > 0) bench_entries(where("entries.db"), folder.path, entries);
  return 0;
}
