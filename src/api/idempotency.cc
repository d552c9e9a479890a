#include "api/idempotency.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/api.h"
#include "api/hma/tables.h"
#include "base/try.h"
#include "crypto/seal.h"

namespace fristad {
namespace {

constexpr std::int64_t kept_ms = 86'400'000;
constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;

constexpr std::array tables_sql{
    // `answer` is sealed, and empty until it is kept.
    Sql("CREATE TABLE idempotency(key bytea PRIMARY KEY NOT NULL, request bytea NOT NULL, at bigint NOT NULL, "
        "answer bytea NOT NULL)"),
    Sql("CREATE INDEX idempotency_at ON idempotency(at)"),
};
constexpr std::array migrations{
    Migration{.version = 5, .what = "repeated requests", .statements = tables_sql},
    Migration{.version = 6, .what = "banks of the drop-in", .statements = hma_tables_sql},
};
// The headers that belong to what was made, beside the body.
constexpr std::array<std::string_view, 2> kept_headers{"ETag", "Location"};

// A line for the status and one for each header, then the body.
std::string text_of(const Response& answer) {
  std::string text = std::to_string(answer.status) + '\n';
  for (const std::string_view name : kept_headers) text += std::string(answer.headers.find(name)) + '\n';
  return text + answer.body;
}

Result<Response> response_of(std::string_view text) {
  const auto line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view all = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return all;
  };
  int status = 0;
  const std::string_view digits = line();
  if (std::from_chars(digits.data(), digits.data() + digits.size(), status).ec != std::errc()) {
    return Error{Code::damaged, "an answer that was kept isn't one"};
  }
  Headers headers;
  for (const std::string_view name : kept_headers) {
    if (const std::string_view value = line(); !value.empty()) headers.add(std::string(name), std::string(value));
  }
  Response answer = Response::json(status, std::string(text));
  for (const auto& [name, value] : headers.fields()) answer.headers.add(name, value);
  answer.headers.add("Idempotency-Replayed", "true");
  return answer;
}

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
  TRY(reader->query("SELECT request, answer FROM idempotency WHERE key = $1", {Bytes(asked.key)},
                    [&](const SqlRow& row) -> Status {
                      known = true;
                      same = std::ranges::equal(row.bytes(0), asked.request);
                      if (!same || row.bytes(1).empty()) return Status();
                      const auto text = TRY(open(key_, row.bytes(1), asked.key));
                      answer = TRY(response_of(as_text(text)));
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
      TRY(decision.views().execute("INSERT INTO idempotency(key, request, at, answer) VALUES ($1, $2, $3, $4)",
                                   {Bytes(asked.key), Bytes(asked.request), decision.now_ms(), Bytes()}));
      return {};
    }();
    if (!noted && noted.error().code == Code::already_exists) {
      return Error{Code::conflict, "the same request is being carried out: ask again in a moment"};
    }
    return noted;
  };
}

Status IdempotencyKeys::keep(const Asked& asked, const Response& answer) {
  if (answer.body.size() > answer_bytes_max) return {};
  const auto sealed = TRY(seal(key_, as_bytes(text_of(answer)), asked.key, random_));
  TRY(journal_.transact("", [&](Decision& decision) -> Status {
    TRY(decision.views().execute("UPDATE idempotency SET answer = $2 WHERE key = $1",
                                 {Bytes(asked.key), Bytes(sealed)}));
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
