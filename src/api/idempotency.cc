#include "api/idempotency.h"

#include "api/api.h"
#include "api/hma/tables.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::int64_t kept_ms = 86'400'000;
constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;

constexpr std::array tables_sql{
    // `status` is 0 until the answer is kept.
    Sql("CREATE TABLE idempotency(key bytea PRIMARY KEY NOT NULL, request bytea NOT NULL, at bigint NOT NULL, "
        "status bigint NOT NULL, answer text NOT NULL)"),
    Sql("CREATE INDEX idempotency_at ON idempotency(at)"),
};
constexpr std::array migrations{
    Migration{.version = 5, .what = "repeated requests", .statements = tables_sql},
    Migration{.version = 6, .what = "banks of the drop-in", .statements = hma_tables_sql},
};
constexpr View view{.name = "api", .migrations = migrations, .tables = {}, .kinds = {}};

}  // namespace

const View& api_view() {
  return view;
}

IdempotencyKeys::Asked IdempotencyKeys::asked(std::string_view actor, std::string_view key, std::string_view what,
                                              std::string_view body) {
  const std::string whose = std::string(actor) + '\n' + std::string(key);
  const std::string request = std::string(what) + '\n' + std::string(body);
  return {.key = sha256(as_bytes(whose)), .request = sha256(as_bytes(request))};
}

Result<std::optional<Response>> IdempotencyKeys::answer_before(const Asked& asked) {
  std::optional<Response> answer;
  bool known = false;
  bool same = false;
  const auto reader = TRY(journal_.store().connect(true));
  TRY(reader->query("SELECT request, status, answer FROM idempotency WHERE key = $1", {Bytes(asked.key)},
                    [&](const SqlRow& row) {
                      known = true;
                      same = std::ranges::equal(row.bytes(0), asked.request);
                      if (row.integer(1) == 0) return Status();
                      answer = Response::json(static_cast<int>(row.integer(1)), std::string(row.text(2)));
                      answer->headers.add("Idempotency-Replayed", "true");
                      return Status();
                    }));
  if (!known) return std::optional<Response>();
  if (!same) {
    return Error{Code::invalid_argument, "this Idempotency-Key came with another request: choose a new one"};
  }
  if (!answer) {
    return Error{Code::conflict, "this request was carried out before; its answer isn't kept: look at what it changed"};
  }
  return answer;
}

Decide IdempotencyKeys::note(const Asked& asked) {
  return [asked](Decision& decision) -> Status {
    const Status noted = [&]() -> Status {
      TRY(decision.views().execute(
          "INSERT INTO idempotency(key, request, at, status, answer) VALUES ($1, $2, $3, 0, '')",
          {Bytes(asked.key), Bytes(asked.request), decision.now_ms()}));
      return {};
    }();
    if (!noted && noted.error().code == Code::already_exists) {
      return Error{Code::conflict, "the same request is being carried out: ask again in a moment"};
    }
    return noted;
  };
}

Status IdempotencyKeys::keep(const Asked& asked, int status, std::string_view body) {
  if (body.size() > answer_bytes_max) return {};
  TRY(journal_.transact("", [&](Decision& decision) -> Status {
    TRY(decision.views().execute("UPDATE idempotency SET status = $2, answer = $3 WHERE key = $1",
                                 {Bytes(asked.key), std::int64_t{status}, body}));
    return {};
  }));
  return {};
}

Status IdempotencyKeys::tend(std::int64_t now_ms) {
  TRY(journal_.transact("", [&](Decision& decision) -> Status {
    TRY(decision.views().execute("DELETE FROM idempotency WHERE at < $1", {now_ms - kept_ms}));
    return {};
  }));
  return {};
}

}  // namespace fristad
