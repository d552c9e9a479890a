#include "api/call.h"

#include <charconv>

#include "base/hex.h"

namespace fristad {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Result<std::string_view> Call::body_text() {
  if (!text_) text_ = TRY(request.read_all());
  return std::string_view(*text_);
}

Result<const Json*> Call::body(std::size_t bytes_max) {
  if (body_) return &*body_;
  const std::string_view text = TRY(body_text());
  if (text.empty()) {
    body_ = Json::object();
    return &*body_;
  }
  auto parsed = parse_json(text, {.bytes_max = bytes_max, .depth_max = 16, .reals = false});
  if (!parsed)
    return Error{Code::invalid_argument, "the body is no JSON that is taken here: " + parsed.error().message};
  body_ = *std::move(parsed);
  if (body_->members() == nullptr) return Error{Code::invalid_argument, "the body is a JSON object"};
  return &*body_;
}

Result<RecordId> Call::id(std::string_view name) const {
  RecordId id{};
  if (!from_hex(request.parameter(name), id)) return Error{Code::not_found, "there is no such " + std::string(name)};
  return id;
}

Result<std::int64_t> Call::number(std::string_view name, std::int64_t least) const {
  const auto value = whole_number(request.parameter(name));
  if (!value || *value < least || *value >= std::int64_t{1} << 50) {
    return Error{Code::not_found, "there is no such " + std::string(name)};
  }
  return *value;
}

Result<std::int64_t> Call::query_number(std::string_view name, std::int64_t least, std::int64_t most,
                                        std::int64_t otherwise) const {
  const std::string text = TRY(request.query_value(name));
  if (text.empty()) return otherwise;
  const auto value = whole_number(text);
  if (!value || *value < least || *value > most) {
    return Error{Code::invalid_argument, "\"" + std::string(name) + "\" is a whole number from " +
                                             std::to_string(least) + " to " + std::to_string(most)};
  }
  return *value;
}

Result<std::int64_t> number_of_cursor(std::string_view text) {
  const auto value = whole_number(text);
  if (!value || *value < 0 || *value >= std::int64_t{1} << 50) {
    return Error{Code::invalid_argument, "\"cursor\" is a \"next\" that came from here"};
  }
  return *value;
}

std::optional<std::uint32_t> revision_of_etag(std::string_view text) {
  if (text.size() < 4 || !text.starts_with("\"r") || !text.ends_with('"')) return std::nullopt;
  const auto value = whole_number(text.substr(2, text.size() - 3));
  if (!value || *value < 0 || *value > std::int64_t{UINT32_MAX}) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

Result<std::optional<std::uint32_t>> Call::if_revision() const {
  const std::string_view text = request.headers.find("If-Match");
  if (text.empty() || text == "*") return std::optional<std::uint32_t>();
  const auto revision = revision_of_etag(text);
  if (!revision) return Error{Code::invalid_argument, "If-Match is an ETag that came from here"};
  return revision;
}

Response json_response(int status, std::string body) {
  body += '\n';
  return Response::json(status, std::move(body));
}

std::string etag(std::uint32_t revision) {
  return "\"r" + std::to_string(revision) + "\"";
}

Response with_etag(const Call& call, std::uint32_t revision, Response response) {
  const std::string tag = etag(revision);
  const bool reads = call.request.method == Method::get || call.request.method == Method::head;
  if (reads && call.request.headers.find("If-None-Match") == tag) response = Response{.status = 304};
  response.headers.add("ETag", tag);
  return response;
}

}  // namespace fristad
