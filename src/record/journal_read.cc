#include <algorithm>
#include <map>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/note.h"
#include "record/journal.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

// Rows are read in pages, so that nothing is held for longer than a page takes.
constexpr std::int64_t page_rows = 512;

Error damaged_at(Place place, std::string_view what) {
  return {Code::damaged, "record " + std::to_string(place.position) + " of " +
                             (place.log == private_log ? "the private log" : "log " + std::to_string(place.log)) +
                             ": " + std::string(what)};
}

// Every row of every view and fact, with the name of its table.
Status dump_tables(Connection& from, const Kinds& kinds, const std::vector<std::string>& origins,
                   const std::function<Status(std::string_view name, std::string_view line)>& use) {
  // A log that isn't there is a damaged table's: it is shown as it stands.
  const auto origin_of = [&](std::int64_t log) {
    const auto number = static_cast<std::size_t>(log);
    return number < origins.size() ? origins[number] : "log " + std::to_string(log);
  };
  const auto write_table = [&](std::string_view name, Sql rows, std::string_view columns) {
    return from.query(rows, {}, [&](const SqlRow& row) -> Status {
      Json::Array line{Json(name)};
      for (int i = 0; i < static_cast<int>(columns.size()); ++i) {
        const char type = columns[static_cast<std::size_t>(i)];
        if (row.is_null(i)) {
          line.emplace_back();
        } else if (type == 'i') {
          line.emplace_back(row.integer(i));
        } else if (type == 'p') {
          const Place place = Place::of(row.integer(i));
          line.emplace_back(origin_of(place.log) + "/" + std::to_string(place.position));
        } else if (type == 'l') {
          line.emplace_back(origin_of(row.integer(i)));
        } else if (type == 't') {
          line.emplace_back(row.text(i));
        } else {
          line.emplace_back(to_hex(row.bytes(i)));
        }
      }
      return use(name, canonical(Json(std::move(line))));
    });
  };
  std::vector<std::pair<std::string_view, const ViewTable*>> tables;
  for (const View* view : kinds.views()) {
    for (const ViewTable& table : view->tables) tables.emplace_back(table.name.for_sqlite(), &table);
  }
  std::ranges::sort(tables, {}, [](const auto& table) { return table.first; });
  for (const auto& [name, table] : tables) TRY(write_table(name, table->rows, table->columns));
  return write_table("fact", "SELECT place, number, kind, subject, at, dimensions FROM fact ORDER BY place, number",
                     "pittit");
}

Result<std::map<std::string, Digest>> digests_of_tables(Connection& from, const Kinds& kinds,
                                                        const std::vector<std::string>& origins) {
  std::map<std::string, Digest> digests{{"fact", Digest{}}};
  for (const View* view : kinds.views()) {
    for (const ViewTable& table : view->tables) digests.emplace(table.name.for_sqlite(), Digest{});
  }
  TRY(dump_tables(from, kinds, origins, [&](std::string_view name, std::string_view line) {
    Digest& digest = digests.find(std::string(name))->second;
    digest = sha256({digest, as_bytes(line)});
    return Status();
  }));
  return digests;
}

}  // namespace

Result<RecordRow> read_row(const SqlRow& row) {
  RecordRow read{.place = Place::of(row.integer(0))};
  const Bytes id = row.bytes(1);
  if (id.size() != read.id.size()) return damaged_at(read.place, "its id is cut");
  std::ranges::copy(id, read.id.begin());
  read.revision = static_cast<std::uint32_t>(row.integer(2));
  read.kind = row.text(3);
  auto leaf = decode_leaf(row.bytes(4));
  if (!leaf) return damaged_at(read.place, leaf.error().message);
  read.leaf = *leaf;
  if (read.leaf.record != read.id || read.leaf.revision != read.revision) {
    return damaged_at(read.place, "its row and its leaf name different records");
  }
  read.erased = row.is_null(5) || row.is_null(6);
  read.key.assign(row.bytes(5).begin(), row.bytes(5).end());
  read.sealed.assign(row.bytes(6).begin(), row.bytes(6).end());
  return read;
}

Result<Record> open_row(const RecordRow& row, const Key& data_key) {
  auto stored = open_stored(row.key, row.sealed, row.place, data_key);
  if (!stored) return damaged_at(row.place, stored.error().message);
  if (stored->commitment() != row.leaf.commitment) {
    return damaged_at(row.place, "its payload isn't what was signed");
  }
  auto payload = decode_payload(stored->payload());
  if (!payload) return damaged_at(row.place, payload.error().message);
  if (payload->kind != row.kind) return damaged_at(row.place, "its row says another kind than its payload");
  return Record{.id = row.id,
                .revision = row.revision,
                .place = row.place,
                .payload = *std::move(payload),
                .items = std::move(*stored).items()};
}

std::vector<std::string> Journal::Impl::origins() const {
  const std::scoped_lock lock(head_mutex);
  std::vector<std::string> all;
  for (const LogHead& head : heads) all.push_back(head.origin);
  return all;
}

std::string Journal::Impl::author_of(std::uint32_t log) const {
  const std::scoped_lock lock(head_mutex);
  return authors.at(log);
}

std::pair<std::int64_t, std::int64_t> Journal::Impl::places_by(const RecordId& id) const {
  const std::scoped_lock lock(head_mutex);
  for (std::uint32_t log = own_logs; log < authors.size(); ++log) {
    if (author_tag(authors[log]) == author_tag(id)) return places_of(log);
  }
  return {0, Place{own_logs, 0}.value()};
}

Result<Record> Journal::Impl::open(const RecordRow& row) const {
  Record record = TRY(open_row(row, data_key));
  record.author = author_of(row.place.log);
  return record;
}

Result<Record> Journal::read(Place place) const {
  std::optional<RecordRow> found;
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->reader->query("SELECT place, id, revision, kind, leaf, key, sealed FROM record WHERE place = $1",
                             {place.value()}, [&](const SqlRow& row) -> Status {
                               found = TRY(read_row(row));
                               return {};
                             }));
  }
  if (!found) return Error{Code::not_found, "there is no such record"};
  if (found->erased) return Error{Code::permission_denied, "the record was erased; its proof stays"};
  return impl_->open(*found);
}

Result<Record> Journal::read(const RecordId& id, std::uint32_t revision) const {
  std::optional<std::int64_t> place;
  {
    const std::scoped_lock lock(impl_->reading);
    const auto [from, to] = impl_->places_by(id);
    place = TRY(impl_->reader->integer(
        "SELECT place FROM record WHERE id = $1 AND revision = $2 AND place >= $3 AND place < $4 "
        "ORDER BY place LIMIT 1",
        {Bytes(id), std::int64_t{revision}, from, to}));
  }
  if (!place) return Error{Code::not_found, "there is no such record"};
  return read(Place::of(*place));
}

Result<std::vector<Place>> Journal::places(const RecordId& id) const {
  std::vector<Place> places;
  const std::scoped_lock lock(impl_->reading);
  const auto [from, to] = impl_->places_by(id);
  TRY(impl_->reader->query("SELECT place FROM record WHERE id = $1 AND place >= $2 AND place < $3 ORDER BY revision",
                           {Bytes(id), from, to}, [&](const SqlRow& row) {
                             places.push_back(Place::of(row.integer(0)));
                             return Status();
                           }));
  return places;
}

Status Journal::for_each(std::uint32_t log, std::uint64_t from, const std::function<Status(const Record&)>& use) const {
  return impl_->for_each(log, from, use);
}

Status Journal::Impl::for_each(std::uint32_t log, std::uint64_t from,
                               const std::function<Status(const Record&)>& use) const {
  for (;;) {
    std::vector<RecordRow> page;
    {
      const std::scoped_lock lock(reading);
      TRY(
          reader->query("SELECT place, id, revision, kind, leaf, key, sealed FROM record "
                        "WHERE place >= $1 AND place < $2 ORDER BY place LIMIT 512",
                        {Place{log, from}.value(), Place{log + 1, 0}.value()}, [&](const SqlRow& row) -> Status {
                          page.push_back(TRY(read_row(row)));
                          return {};
                        }));
    }
    for (const RecordRow& row : page) {
      if (!row.erased) TRY(use(TRY(open(row))));
    }
    if (std::ssize(page) < page_rows) return {};
    from = page.back().place.position + 1;
  }
}

Status Journal::for_each_back(std::uint32_t log, std::uint64_t before,
                              const std::function<Status(const Record&)>& use) const {
  for (;;) {
    std::vector<RecordRow> page;
    {
      const std::scoped_lock lock(impl_->reading);
      TRY(
          impl_->reader->query("SELECT place, id, revision, kind, leaf, key, sealed FROM record "
                               "WHERE place >= $1 AND place < $2 ORDER BY place DESC LIMIT 64",
                               {Place{log, 0}.value(), Place{log, before}.value()}, [&](const SqlRow& row) -> Status {
                                 page.push_back(TRY(read_row(row)));
                                 return {};
                               }));
    }
    for (const RecordRow& row : page) {
      if (!row.erased) TRY(use(TRY(impl_->open(row))));
    }
    if (page.empty()) return {};
    before = page.back().place.position;
  }
}

Result<std::map<std::string, std::uint64_t>> Journal::kinds_in(std::uint32_t log, std::uint64_t first,
                                                               std::uint64_t last) const {
  std::map<std::string, std::uint64_t> kinds;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->reader->query("SELECT kind, count(*) FROM record WHERE place >= $1 AND place <= $2 GROUP BY kind",
                           {Place{log, first}.value(), Place{log, last}.value()}, [&](const SqlRow& row) {
                             kinds.emplace(row.text(0), static_cast<std::uint64_t>(row.integer(1)));
                             return Status();
                           }));
  return kinds;
}

Status Journal::for_each_of_kind(std::uint32_t log, std::string_view kind,
                                 const std::function<Status(const Record&)>& use) const {
  std::vector<Place> places;
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->reader->query("SELECT place FROM record WHERE kind = $1 AND place >= $2 AND place < $3 ORDER BY place",
                             {kind, Place{log, 0}.value(), Place{log + 1, 0}.value()}, [&](const SqlRow& row) {
                               places.push_back(Place::of(row.integer(0)));
                               return Status();
                             }));
  }
  for (const Place place : places) {
    const auto record = read(place);
    if (!record && record.error().code == Code::permission_denied) continue;  // erased
    TRY(use(TRY(record)));
  }
  return {};
}

Status Journal::for_each_leaf(std::uint32_t log, std::uint64_t from,
                              const std::function<Status(std::uint64_t, const LeafBytes&)>& use) const {
  constexpr std::uint64_t step = 65'536;
  const std::uint64_t size = head(log).size;
  for (; from < size; from += step) {
    const std::uint64_t end = std::min(size, from + step);
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->reader->query("SELECT place, leaf FROM record WHERE place >= $1 AND place < $2 ORDER BY place",
                             {Place{log, from}.value(), Place{log, end}.value()}, [&](const SqlRow& row) -> Status {
                               const Place place = Place::of(row.integer(0));
                               LeafBytes leaf;
                               if (row.bytes(1).size() != leaf.size()) return damaged_at(place, "its leaf is cut");
                               std::ranges::copy(row.bytes(1), leaf.begin());
                               return use(place.position, leaf);
                             }));
  }
  return {};
}

Result<std::string> Journal::checkpoint(std::uint32_t log) {
  const LogHead now = head(log);
  std::optional<std::string> known;
  {
    const std::scoped_lock lock(impl_->reading);
    known = TRY(impl_->reader->text("SELECT note FROM checkpoint WHERE log = $1 AND size = $2",
                                    {std::int64_t{log}, static_cast<std::int64_t>(now.size)}));
  }
  if (known) return *known;
  {
    // Where new keys wait, what there is was recorded lawfully, and others have to read it to agree.
    const std::scoped_lock lock(impl_->holding);
    if (log == shared_log && !impl_->held.empty()) return Error{Code::conflict, impl_->held};
  }
  if (log == shared_log && impl_->options.no_heads) {
    if (std::string why = impl_->options.no_heads(); !why.empty()) return Error{Code::conflict, std::move(why)};
  }
  const std::string text = TRY(encode_checkpoint({.origin = now.origin, .size = now.size, .root = now.root}));
  const auto signers = impl_->signers.get();
  const std::string note = TRY(sign_note(text, {{now.origin, signers->of_head(log, now.size).log_key}}));
  // Kept before it is shown: what was once signed is never contradicted.
  const std::unique_ptr<Connection> connection = TRY(impl_->store.connect());
  Transaction transaction = TRY(connection->begin());
  TRY(connection->execute(
      "INSERT INTO checkpoint(log, size, note) VALUES ($1, $2, $3) ON CONFLICT(log, size) DO NOTHING",
      {std::int64_t{log}, static_cast<std::int64_t>(now.size), std::string_view(note)}));
  TRY(transaction.commit());
  return note;
}

Result<std::optional<std::string>> Journal::signed_head(std::uint32_t log, std::uint64_t above,
                                                        std::uint64_t up_to) const {
  const std::scoped_lock lock(impl_->reading);
  return impl_->reader->text(
      "SELECT note FROM checkpoint WHERE log = $1 AND size > $2 AND size <= $3 ORDER BY size DESC LIMIT 1",
      {std::int64_t{log}, static_cast<std::int64_t>(above), static_cast<std::int64_t>(up_to)});
}

Status Journal::Impl::alone(const std::function<Status()>& work) {
  std::unique_lock lock(queue_mutex);
  queue_changed.wait(lock, [&] { return !writing; });
  writing = true;
  lock.unlock();
  const Status done = work();
  lock.lock();
  writing = false;
  queue_changed.notify_all();
  return done;
}

Status Journal::Impl::fold_anew(Connection& views) {
  TRY(views.execute("DELETE FROM fact"));
  for (const View* view : kinds.views()) {
    for (const ViewTable& table : view->tables) TRY(views.execute(table.clear));
  }
  TRY(views.execute("DELETE FROM unfolded"));
  for (std::uint32_t log = 0; log < heads.size(); ++log) {
    TRY(for_each(log, 0, [&](const Record& record) -> Status {
      const Kind* const kind = kinds.find(record.payload.kind, record.payload.schema);
      if (log != private_log) TRY(note_scope(views, record));
      if (kind == nullptr && log >= own_logs) TRY(note_unfolded(views, record));
      Fold fold(views, record.place);
      if (kind != nullptr && kind->apply != nullptr) TRY(kind->apply(fold, record));
      if (record.payload.kind == kind_erased) TRY(apply_erasure(views, record, true));
      return {};
    }));
  }
  return {};
}

Status Journal::rebuild() {
  return impl_->alone([&]() -> Status {
    Transaction transaction = TRY(impl_->writer->begin());
    TRY(impl_->fold_anew(*impl_->writer));
    return transaction.commit();
  });
}

Result<std::vector<std::string>> Journal::wrong_views() const {
  std::vector<std::string> wrong;
  const std::vector<std::string> origins = impl_->origins();
  TRY(impl_->alone([&]() -> Status {
    Connection& views = *impl_->writer;
    // Never committed.
    const Transaction transaction = TRY(views.begin());
    const auto before = TRY(digests_of_tables(views, impl_->kinds, origins));
    TRY(impl_->fold_anew(views));
    for (const auto& [name, digest] : TRY(digests_of_tables(views, impl_->kinds, origins))) {
      if (before.at(name) != digest) wrong.push_back(name);
    }
    return {};
  }));
  return wrong;
}

Status Journal::dump(const std::function<Status(std::string_view)>& use) const {
  const std::scoped_lock lock(impl_->reading);
  return dump_tables(*impl_->reader, impl_->kinds, impl_->origins(),
                     [&](std::string_view, std::string_view line) { return use(line); });
}

}  // namespace fristad
