#include "http/client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <optional>

#include "base/try.h"
#include "http/syntax.h"
#include "http/tls.h"

namespace fristad {
namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using Deadline = std::chrono::steady_clock::time_point;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t answer_head_bytes_max = 64 * 1024;
constexpr std::size_t piece_bytes = 16 * 1024;
constexpr int interim_answers_max = 8;

Deadline deadline_in(std::int64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

Error unavailable(const std::string& what, const NetError& error) {
  return {Code::unavailable, what + ": " + error.message()};
}

Error too_late(const char* what) {
  return {Code::deadline_exceeded, std::string(what) + " took too long"};
}

Error was_cancelled() {
  return {Code::cancelled, "the request was cancelled"};
}

bool may_repeat(Method method) {
  return method != Method::post && method != Method::patch;
}

// Why OpenSSL ended it; 0: something else did.
int tls_reason(const NetError& error) {
  if (error.category() != asio::error::get_ssl_category()) return 0;
  return ERR_GET_REASON(static_cast<unsigned long>(error.value()));
}

bool is_refused_certificate(const NetError& error) {
  return tls_reason(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

// The alerts of a server that was shown a certificate and doesn't want it (RFC 8446, section 6.2).
bool is_refusal_of_ours(const NetError& error) {
  switch (tls_reason(error)) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return true;
    default: return false;
  }
}

// The address that a v4 one dressed as v6 means, too: who is asked shall see what is connected to.
std::string text_of(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

// How the operation that is under way ended.
struct Outcome : TransportUser {
  bool done = false;
  NetError error = {};
  std::size_t bytes = 0;

  void set(const NetError& ended, std::size_t count) {
    done = true;
    error = ended;
    bytes = count;
  }
  void on_handshake(const NetError& ended) override { set(ended, 0); }
  void on_read(const NetError& ended, std::size_t count) override { set(ended, count); }
  void on_write(const NetError& ended, std::size_t count) override { set(ended, count); }
  void on_shutdown() override {}
};

}  // namespace

struct HttpClient::Impl {
  explicit Impl(HttpClientOptions given) : options(std::move(given)) {
    if (options.pinned) options.tls = true;
  }

  // Errors: deadline_exceeded, cancelled. What was begun goes on.
  Status wait(const Outcome& outcome, Deadline deadline, const char* what) {
    io.restart();
    while (!outcome.done) {
      if (cancelled) return was_cancelled();
      if (io.run_one_until(deadline) == 0 && !outcome.done) return too_late(what);
    }
    return {};
  }

  // From any thread.
  void cancel() {
    cancelled = true;
    asio::post(io, [] {});  // wakes who waits
  }

  void close() {
    if (!transport) return;
    transport->close();
    io.restart();
    io.poll();  // what was under way ends, while what it uses is still there
    transport.reset();
  }

  Result<std::vector<tcp::endpoint>> resolve(Deadline deadline) {
    NetError error;
    const auto address = asio::ip::make_address(options.host, error);
    if (!error) return std::vector<tcp::endpoint>{{address, options.port}};
    const auto outcome = std::make_shared<Outcome>();
    const auto found = std::make_shared<std::vector<tcp::endpoint>>();
    resolver.async_resolve(options.host, std::to_string(options.port), tcp::resolver::numeric_service,
                           [outcome, found](const NetError& ended, const tcp::resolver::results_type& results) {
                             for (const auto& entry : results) found->push_back(entry.endpoint());
                             outcome->set(ended, 0);
                           });
    if (Status done = wait(*outcome, deadline, "looking up the server's name"); !done) {
      resolver.cancel();
      return std::move(done).error();
    }
    if (outcome->error) return unavailable("the server's name can't be looked up", outcome->error);
    return *found;
  }

  Result<tcp::socket> connect_any(Deadline deadline) {
    Error last{Code::unavailable, "the server's name has no address"};
    const std::vector<tcp::endpoint> endpoints = TRY(resolve(deadline));
    for (std::size_t at = 0; at < endpoints.size(); ++at) {
      const asio::ip::address address = endpoints[at].address();
      if (options.may_connect && !options.may_connect(text_of(address))) {
        last = {Code::permission_denied, "the server's address isn't one that may be connected to"};
        continue;
      }
      // Each address gets its share of the time, so that a dead one doesn't use up that of the others.
      const Deadline now = std::chrono::steady_clock::now();
      const Deadline share = now + (deadline - now) / static_cast<std::ptrdiff_t>(endpoints.size() - at);
      tcp::socket socket(io);
      const auto outcome = std::make_shared<Outcome>();
      socket.async_connect(endpoints[at], [outcome](const NetError& ended) { outcome->set(ended, 0); });
      if (Status done = wait(*outcome, share, "connecting"); !done) {
        if (cancelled) return std::move(done).error();
        last = std::move(done).error();
        continue;
      }
      if (!outcome->error) {
        NetError ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        return socket;
      }
      last = unavailable("no connection to the server", outcome->error);
    }
    return last;
  }

  Status connect() {
    close();
    const Deadline deadline = deadline_in(options.connect_ms);
    if (options.tls && !tls)
      tls = TRY(options.pinned ? pinned_client_tls(*options.pinned) : client_tls(options.trusted_file));
    tcp::socket socket = TRY(connect_any(deadline));
    transport = make_client_transport(std::move(socket), tls, options.pinned ? "" : options.host);
    if (!transport) return Error{Code::unavailable, "TLS can't be set up for this host"};
    if (!options.tls) return {};
    const auto outcome = std::make_shared<Outcome>();
    transport->handshake(outcome);
    Status made = wait(*outcome, deadline, "the TLS handshake");
    if (made && is_refused_certificate(outcome->error)) {
      made = Error{Code::permission_denied, options.pinned
                                                ? "the server's key isn't trusted: ask those who run it which is theirs"
                                                : "the server's certificate isn't trusted, or is for another name"};
    } else if (made && outcome->error) {
      made = unavailable("the TLS handshake failed", outcome->error);
    }
    if (!made) close();
    return made;
  }

  // A server closes what it kept long enough; then there is an end to be read, or a last word of TLS.
  bool kept_open() {
    if (!transport) return false;
    char byte = 0;
    const ssize_t count = recv(transport->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  std::string head_of(const HttpCall& call) const {
    std::string head(to_text(call.method));
    const bool v6 = options.host.find(':') != std::string::npos;
    head.append(" ").append(call.target).append(" HTTP/1.1\r\nHost: ");
    head.append(v6 ? "[" : "").append(options.host).append(v6 ? "]" : "");
    if (options.port != (options.tls ? 443 : 80)) head.append(":").append(std::to_string(options.port));
    head += "\r\n";
    if (!call.body.empty() || !may_repeat(call.method) || call.method == Method::put) {
      head.append("Content-Length: ").append(std::to_string(call.body.size())).append("\r\n");
    }
    for (const auto& [name, value] : call.headers.fields()) head.append(name).append(": ").append(value).append("\r\n");
    return head + "\r\n";
  }

  // Broken off is no error here: the server may have answered before it had all.
  Status write(const std::string& head, const std::string& body, Deadline deadline) {
    std::size_t at = 0;
    while (at < head.size() + body.size()) {
      const std::size_t in_head = std::min(at, head.size());
      const auto outcome = std::make_shared<Outcome>();
      transport->write_some({asio::buffer(head.data() + in_head, head.size() - in_head),
                             asio::buffer(body.data() + (at - in_head), body.size() - (at - in_head))},
                            outcome);
      if (Status done = wait(*outcome, deadline, "sending the request"); !done) {
        close();
        return std::move(done).error();
      }
      if (outcome->error) return {};
      at += outcome->bytes;
    }
    return {};
  }

  struct Received {
    HttpAnswer answer;
    bool keep = false;
  };

  // `nothing_came` tells a connection that had been closed before from an answer that broke off.
  Result<Received> read(Method method, Deadline deadline, bool& nothing_came) {
    std::optional<Parser> parser;
    const auto begin_answer = [&] {
      parser.emplace();
      parser->header_limit(answer_head_bytes_max);
      parser->body_limit(options.body_bytes_max);
      parser->eager(true);
      if (method == Method::head) parser->skip(true);
    };
    begin_answer();
    int interim = 0;
    std::string input;
    nothing_came = true;
    while (true) {
      while (!parser->is_done() && !input.empty()) {
        // As in RequestParser::take_body().
        if (parser->is_header_done() && parser->chunked() && input.front() == '0' && input.size() < 5) break;
        NetError error;
        input.erase(0, parser->put(asio::buffer(input), error));
        if (error == http::error::need_more) break;
        if (error == http::error::body_limit || error == http::error::header_limit) {
          return Error{Code::too_large, "the server's answer is over its limit"};
        }
        if (error) return Error{Code::damaged, "the server's answer isn't HTTP: " + error.message()};
      }
      if (parser->is_done()) {
        const unsigned status = parser->get().result_int();
        if (status >= 200) break;
        if (status == 101 || ++interim > interim_answers_max) {
          return Error{Code::damaged, "the server answers with what wasn't asked for"};
        }
        begin_answer();
        continue;
      }
      const std::size_t before = input.size();
      input.resize(before + piece_bytes);
      const auto outcome = std::make_shared<Outcome>();
      transport->read_some(asio::buffer(input.data() + before, piece_bytes), outcome);
      if (Status done = wait(*outcome, deadline, "the server's answer"); !done) {
        close();
        return std::move(done).error();
      }
      input.resize(before + outcome->bytes);
      nothing_came &= input.empty();
      if (!outcome->error) continue;
      // The client's handshake ends before the server has looked at its certificate.
      if (options.pinned && nothing_came && is_refusal_of_ours(outcome->error)) {
        return Error{Code::permission_denied, "the server doesn't trust our key: those who run it have to know of it"};
      }
      NetError error;
      if (outcome->error == asio::error::eof && parser->is_header_done()) parser->put_eof(error);
      if (error || !parser->is_done()) return unavailable("the connection broke off", outcome->error);
    }
    Received received;
    received.keep = parser->keep_alive() && input.empty();
    auto message = parser->release();
    received.answer.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
      received.answer.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    received.answer.body = std::move(message.body());
    return received;
  }

  Result<HttpAnswer> send(const HttpCall& call) {
    if (cancelled) return was_cancelled();
    const std::string head = head_of(call);
    bool reused = kept_open();
    while (true) {
      if (!reused) TRY(connect());
      const Deadline deadline = deadline_in(options.answer_ms);
      TRY(write(head, call.body, deadline));
      bool nothing_came = false;
      auto received = read(call.method, deadline, nothing_came);
      if (!received || !received->keep) close();
      if (received) return std::move(received->answer);
      // The server had closed the connection when the request came: it did nothing with it, but only what may be done
      // twice is sent again (RFC 9110, section 9.2.2).
      if (!reused || !nothing_came || received.error().code != Code::unavailable || !may_repeat(call.method)) {
        return std::move(received).error();
      }
      reused = false;
    }
  }

  HttpClientOptions options;
  std::atomic<bool> cancelled = false;
  TlsContext tls = {};
  asio::io_context io{1};
  tcp::resolver resolver{io};
  std::unique_ptr<Transport> transport = {};
};

HttpClient::HttpClient(HttpClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

Result<HttpAnswer> HttpClient::send(const HttpCall& call) {
  const auto is_plain = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c - 0x21) <= 0x5d; });
  };
  if (!call.target.starts_with('/') || !is_plain(call.target) || !is_plain(impl_->options.host)) {
    return Error{Code::invalid_argument, "the host or the target of a call has a character that must be encoded"};
  }
  if (impl_->options.pinned && !impl_->options.trusted_file.empty()) {
    return Error{Code::invalid_argument,
                 "a client trusts pinned keys or a file of certificates: leave out one of them"};
  }
  for (const auto& [name, value] : call.headers.fields()) {
    const bool own =
        equal_fold(name, "Host") || equal_fold(name, "Content-Length") || equal_fold(name, "Transfer-Encoding");
    if (own || !is_token(name) || !is_field_value(value)) {
      return Error{Code::invalid_argument, "a header of a call can't be sent, or is the client's own"};
    }
  }
  try {
    auto answer = impl_->send(call);
    if (!answer && impl_->cancelled) return was_cancelled();  // whatever it came to meanwhile
    return answer;
  } catch (const boost::system::system_error& error) {  // no more descriptors or threads
    return Error{Code::unavailable, std::string("no connection can be made: ") + error.what()};
  }
}

void HttpClient::cancel() {
  impl_->cancel();
}

}  // namespace fristad
