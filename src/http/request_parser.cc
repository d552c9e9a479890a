#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cassert>
#include <charconv>
#include <cstring>

#include "http/syntax.h"

namespace fristad {
namespace {

namespace beast = boost::beast;

constexpr std::size_t fields_max = 100;
constexpr std::size_t target_bytes_max = 8 * 1024;
constexpr std::size_t chunk_head_bytes_max = 8 * 1024;  // size, extensions and trailers

tl::unexpected<Refusal> refuse(int status, std::string_view what) {
  return tl::unexpected<Refusal>(Refusal{status, what});
}

// Bytes of a request-target that no URL has unescaped, and that servers and proxies read in different ways.
bool is_target(std::string_view target) {
  return !target.empty() && std::all_of(target.begin(), target.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7f && std::strchr("\"#<>\\^`{|}", c) == nullptr;
  });
}

Parsed<void> check_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return refuse(400, "the request line isn't METHOD TARGET HTTP/1.1");
  if (!is_token(line.substr(0, first))) return refuse(400, "the method isn't a word");
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (target.size() > target_bytes_max) return refuse(414, "the request's target is over 8 KiB");
  if (!is_target(target)) return refuse(400, "the request's target has a character that must be percent-encoded");
  const std::string_view version = line.substr(second + 1);
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return {};
  const bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
                     std::isdigit(static_cast<unsigned char>(version[5])) != 0 &&
                     std::isdigit(static_cast<unsigned char>(version[7])) != 0;
  return refuse(other ? 505 : 400, "the version isn't HTTP/1.1 or HTTP/1.0");
}

Parsed<void> check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a header is folded over lines");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return refuse(400, "a header isn't of the form Name: value");
  }
  if (!is_field_value(line.substr(colon + 1))) return refuse(400, "a header's value has a control character");
  return {};
}

// What every reader of HTTP takes in the same way, and nothing else.
Parsed<void> check_lines(std::string_view head) {
  std::size_t lines = 0;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return refuse(400, "the head doesn't end with an empty line");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) return head.empty() && lines > 0 ? Parsed<void>() : refuse(400, "a line of the head is empty");
    if (++lines > fields_max + 1) return refuse(431, "the request has over 100 headers");
    if (auto checked = lines == 1 ? check_request_line(line) : check_field_line(line); !checked) return checked;
  }
  return refuse(400, "the head doesn't end with an empty line");
}

bool is_authority(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._~%:[]!$&'()*+;=").find(c) != std::string_view::npos;
  });
}

// Sets path and query; the host of an absolute target takes the place of the Host header (RFC 9112, section 3.2.2).
Parsed<void> read_target(std::string_view target, RequestHead& head) {
  if (!target.starts_with('/') && target != "*") {
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (!equal_fold(target.substr(0, scheme.size()), scheme)) continue;
      target.remove_prefix(scheme.size());
      const std::size_t end = std::min(target.find_first_of("/?"), target.size());
      if (!is_authority(target.substr(0, end))) break;
      head.headers.set("Host", std::string(target.substr(0, end)));
      target.remove_prefix(end);
      const std::size_t question = std::min(target.find('?'), target.size());
      head.path = question == 0 ? "/" : target.substr(0, question);
      head.query = target.substr(std::min(question + 1, target.size()));
      return {};
    }
    // A proxy's form: whoever wants that is told that the method isn't served.
    if (!head.method) {
      head.path = "*";
      return {};
    }
    return refuse(400, "the request's target is neither a path nor a URL");
  }
  if (target == "*" && head.method) return refuse(400, "the target * is for OPTIONS alone");
  const std::size_t question = std::min(target.find('?'), target.size());
  head.path = target.substr(0, question);
  head.query = target.substr(std::min(question + 1, target.size()));
  return {};
}

void read_method(std::string_view name, RequestHead& head) {
  for (const Method method : {Method::get, Method::post, Method::put, Method::head, Method::patch, Method::del}) {
    if (name == to_text(method)) {
      head.method = method;
      return;
    }
  }
  head.method_refusal = name == "OPTIONS" || name == "TRACE" || name == "CONNECT" ? 405 : 501;
}

// Everything that says where the body ends must say it once and plainly.
Parsed<void> read_framing(RequestHead& head) {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  bool close = false;
  bool keep = false;
  for (const auto& [name, value] : head.headers.fields()) {
    if (equal_fold(name, "Host")) {
      ++hosts;
      if (!value.empty() && !is_authority(value)) return refuse(400, "the Host header is malformed");
    } else if (equal_fold(name, "Content-Length")) {
      ++lengths;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), head.body_bytes);
      if (error != std::errc() || end != value.data() + value.size()) {
        return refuse(400, "Content-Length isn't one number");
      }
    } else if (equal_fold(name, "Transfer-Encoding")) {
      ++codings;
      if (!equal_fold(value, "chunked")) return refuse(501, "the transfer coding isn't chunked");
      head.chunked = true;
    } else if (equal_fold(name, "Connection")) {
      close |= list_has(value, "close");
      keep |= list_has(value, "keep-alive");
    } else if (equal_fold(name, "Expect")) {
      if (!equal_fold(value, "100-continue")) return refuse(417, "the expectation isn't 100-continue");
      head.expects_continue = true;
    }
  }
  if (hosts > 1 || (hosts == 0 && !head.http_1_0)) return refuse(400, "the request must have one Host header");
  if (lengths > 1) return refuse(400, "the request has several Content-Length headers");
  if (codings > 1 || (codings == 1 && lengths == 1)) return refuse(400, "the length of the body is said twice");
  if (codings == 1 && head.http_1_0) return refuse(400, "HTTP/1.0 has no transfer codings");
  head.keep_alive = !close && (keep || !head.http_1_0);
  head.expects_continue &= !head.http_1_0;
  return {};
}

class BeastParser : public beast::http::basic_parser<true> {
 public:
  std::string method = {};
  std::string target = {};
  bool http_1_0 = false;
  Headers headers = {};
  std::string* body = nullptr;
  bool in_chunks = false;  // one has begun

 private:
  using Field = beast::http::field;
  using Text = beast::string_view;
  using Code = beast::error_code;

  void on_request_impl(beast::http::verb /*known*/, Text name, Text where, int version, Code& /*error*/) override {
    method.assign(name.data(), name.size());
    target.assign(where.data(), where.size());
    http_1_0 = version == 10;
  }
  void on_response_impl(int /*status*/, Text /*reason*/, int /*version*/, Code& /*error*/) override {}
  void on_field_impl(Field /*known*/, Text name, Text value, Code& /*error*/) override {
    if (!is_header_done()) headers.add(std::string(name), std::string(value));  // else it is a trailer
  }
  void on_header_impl(Code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, Code& /*error*/) override {}
  std::size_t on_body_impl(Text bytes, Code& /*error*/) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, Text extensions, Code& error) override {
    in_chunks = true;
    if (!is_field_value({extensions.data(), extensions.size()})) error = beast::http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, Text bytes, Code& error) override {
    return on_body_impl(bytes, error);
  }
  void on_finish_impl(Code& /*error*/) override {}
};

}  // namespace

struct RequestParser::Impl {
  std::optional<BeastParser> parser = {};
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;

Parsed<std::size_t> RequestParser::head_size(std::string_view bytes, std::size_t bytes_max) {
  while (true) {
    const std::size_t feed = bytes.find('\n', searched_);
    if (std::min(feed, bytes.size()) >= bytes_max) {
      return line_begin_ == 0 ? refuse(414, "the request line is too long") : refuse(431, "the headers are too long");
    }
    if (feed == std::string_view::npos) {
      searched_ = bytes.size();
      return std::size_t{0};
    }
    if (feed == line_begin_ || bytes[feed - 1] != '\r') return refuse(400, "a line doesn't end with CR LF");
    searched_ = feed + 1;
    if (feed == line_begin_ + 1) return feed + 1;
    line_begin_ = feed + 1;
  }
}

Parsed<RequestHead> RequestParser::parse_head(std::string_view head) {
  if (auto checked = check_lines(head); !checked) return tl::unexpected(checked.error());
  BeastParser& parser = impl_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(head.size() + 1));
  parser.body_limit(boost::none);  // the route's limit is kept by who takes the body
  beast::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error || !parser.is_header_done() || used != head.size()) return refuse(400, "the request's head is malformed");

  RequestHead parsed;
  parsed.http_1_0 = parser.http_1_0;
  parsed.headers = std::move(parser.headers);
  read_method(parser.method, parsed);
  if (auto read = read_framing(parsed); !read) return tl::unexpected(read.error());
  if (auto read = read_target(parser.target, parsed); !read) return tl::unexpected(read.error());
  // Both must agree on where the body ends.
  if (parser.chunked() != parsed.chunked || parser.content_length().value_or(0) != parsed.body_bytes) {
    return refuse(400, "the length of the body is unclear");
  }
  parser.eager(true);
  return parsed;
}

Parsed<std::size_t> RequestParser::take_body(std::string_view bytes, std::string& body) {
  assert(impl_->parser);
  if (bytes.empty() || done()) return std::size_t{0};
  // Beast 1.81 asserts that a last chunk without others before it comes in at least five bytes, its shortest form.
  if (impl_->parser->chunked() && !impl_->parser->in_chunks && bytes.front() == '0' && bytes.size() < 5) {
    return std::size_t{0};
  }
  impl_->parser->body = &body;
  beast::error_code error;
  const std::size_t used = impl_->parser->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error && error != beast::http::error::need_more) return refuse(400, "the chunks of the body are malformed");
  if (!done() && bytes.size() - used > chunk_head_bytes_max) return refuse(400, "the head of a chunk is too long");
  return used;
}

bool RequestParser::done() const {
  return impl_->parser && impl_->parser->is_done();
}

void RequestParser::reset() {
  impl_->parser.reset();
  searched_ = 0;
  line_begin_ = 0;
}

}  // namespace fristad
