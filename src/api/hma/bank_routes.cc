// /c/banks and /c/bank: the banks themselves.

#include <array>
#include <charconv>
#include <cmath>

#include "api/hma/hma_impl.h"

namespace fristad {
namespace {

// What HMA stores as a float; a share beyond that makes no sense to anybody.
constexpr double ratio_max = 1'000'000;

// ---- Bodies, as pydantic reads them ----

struct BankBody {
  std::optional<std::string> name = {};
  std::optional<std::int64_t> ratio_ppm = {};
};

std::optional<double> real_in(const Json& value) {
  if (value.real() != nullptr) return *value.real();
  if (value.integer() != nullptr) return static_cast<double>(*value.integer());
  if (value.truth() != nullptr) return *value.truth() ? 1.0 : 0.0;
  if (value.text() == nullptr) return std::nullopt;
  double real = 0;
  const char* const end = value.text()->data() + value.text()->size();
  const auto [at, error] = std::from_chars(value.text()->data(), end, real);
  if (error != std::errc() || at != end) return std::nullopt;
  return real;
}

std::optional<bool> truth_in(const Json& value) {
  if (value.truth() != nullptr) return *value.truth();
  if (value.integer() != nullptr && (*value.integer() == 0 || *value.integer() == 1)) return *value.integer() == 1;
  return value.text() != nullptr && !value.text()->empty() ? hma_truth(*value.text()) : std::nullopt;
}

// The answer if the body is refused.
std::optional<Response> read_body(const Json& sent, std::string_view model, BankBody& body) {
  if (sent.members() == nullptr) {
    return hma_invalid("model_type", "", "Input should be a valid dictionary or instance of " + std::string(model));
  }
  const auto given = [&](std::string_view name) {
    const Json* const member = sent.find(name);
    return member == nullptr || member->is_null() ? nullptr : member;
  };
  if (const Json* const name = given("name")) {
    if (name->text() == nullptr) return hma_invalid("string_type", "name", "Input should be a valid string");
    body.name = *name->text();
  }
  if (const Json* const enabled = given("enabled")) {
    const auto truth = truth_in(*enabled);
    if (!truth) {
      return hma_invalid("bool_parsing", "enabled", "Input should be a valid boolean, unable to interpret input");
    }
    body.ratio_ppm = *truth ? whole_ppm : 0;
  }
  if (const Json* const ratio = given("enabled_ratio")) {
    const auto real = real_in(*ratio);
    if (!real || !std::isfinite(*real) || std::fabs(*real) > ratio_max) {
      return hma_invalid("float_parsing", "enabled_ratio",
                         "Input should be a valid number, unable to parse string as a number");
    }
    body.ratio_ppm = std::llround(*real * static_cast<double>(whole_ppm));
  }
  return std::nullopt;
}

// What isn't JSON is no object either, for a typed endpoint.
Json sent_body(HmaCall& call) {
  const auto body = call.json();
  return body ? **body : Json();
}

Result<Response> refused(const Error& error, std::string_view exists) {
  return error.code == Code::already_exists ? hma_message(403, exists) : hma_error(error);
}

// ---- Handlers ----

Result<Response> show_banks(HmaCall& call) {
  Json::Array all;
  const auto banks = TRY(call.hma.banks.all());
  for (const auto& [name, bank] : banks->all()) all.push_back(to_json(bank));
  return hma_json(200, Json(std::move(all)));
}

Result<Response> show_bank(HmaCall& call) {
  return hma_json(200, to_json(TRY(call.bank())));
}

Result<Response> make_bank(HmaCall& call) {
  BankBody body;
  if (auto wrong = read_body(sent_body(call), "BankCreateRequest", body)) return *std::move(wrong);
  if (!body.name) return hma_missing("name");
  const auto bank = call.hma.banks.make(call.actor(), *body.name, body.ratio_ppm.value_or(whole_ppm));
  if (!bank) return refused(bank.error(), "Bank already exists");
  return hma_json(201, to_json(*bank));
}

Result<Response> change_bank(HmaCall& call) {
  BankBody body;
  if (auto wrong = read_body(sent_body(call), "BankUpdateRequest", body)) return *std::move(wrong);
  const auto bank = call.hma.banks.change(call.actor(), call.request.parameter("bank_name"), body.name, body.ratio_ppm);
  if (!bank) return refused(bank.error(), "Bank name already exists");
  return hma_json(200, to_json(*bank));
}

Result<Response> delete_bank(HmaCall& call) {
  const Status done = call.hma.banks.withdraw(call.actor(), call.request.parameter("bank_name"));
  if (!done && done.error().code != Code::not_found) return done.error();
  return hma_message(200, "Done");
}

constexpr std::array routes{
    HmaRoute{.at = {.method = Method::get, .pattern = "/c/banks", .right = Right::curate_banks, .summary = "All banks"},
             .handle = show_banks},
    HmaRoute{
        .at = {.method = Method::post, .pattern = "/c/banks", .right = Right::curate_banks, .summary = "Make a bank"},
        .handle = make_bank},
    HmaRoute{.at = {.method = Method::get,
                    .pattern = "/c/bank/{bank_name}",
                    .right = Right::curate_banks,
                    .summary = "A bank"},
             .handle = show_bank},
    HmaRoute{.at = {.method = Method::put,
                    .pattern = "/c/bank/{bank_name}",
                    .right = Right::curate_banks,
                    .summary = "Rename, enable or disable a bank"},
             .handle = change_bank},
    HmaRoute{.at = {.method = Method::del,
                    .pattern = "/c/bank/{bank_name}",
                    .right = Right::curate_banks,
                    .summary = "Withdraw a bank"},
             .handle = delete_bank},
};

}  // namespace

std::span<const HmaRoute> hma_bank_routes() {
  return routes;
}

}  // namespace fristad
