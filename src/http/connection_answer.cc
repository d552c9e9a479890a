#include <boost/asio/post.hpp>
#include <utility>

#include "http/connection.h"

namespace fristad {
namespace {

constexpr std::size_t joined_bytes_max = 16 * 1024;  // a body up to here goes out in one piece with its head
constexpr std::size_t kept_bytes_max = 32 * 1024;    // of a buffer, between answers
constexpr std::int64_t linger_ms = 1000;

bool has_body(int status) {
  return status != 204 && status != 304;
}

}  // namespace

Response ServerCore::error_response(int status, std::string_view what) const {
  if (!seams.on_error)
    return Response::text(status, std::string(status_text(status)) + ": " + std::string(what) + "\n");
  return seams.on_error(status, what);
}

std::function<void()> HttpConnection::waker(void (HttpConnection::*what)()) {
  return [weak = weak_from_this(), what] {
    if (auto self = weak.lock()) {
      asio::io_context& io = self->home_.io;
      asio::post(io, [self = std::move(self), what] { (*self.*what)(); });
    }
  };
}

Response HttpConnection::call_handler() {
  const auto begin = std::chrono::steady_clock::now();
  Response response;
  try {
    response = route_->handler(request_);
  } catch (...) {
    response = core_.error_response(500, "the server made a mistake");
  }
  slow_ = std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(route_->limits.handler_ms);
  return response;
}

void HttpConnection::run() {
  send_from_pool(call_handler());
}

void HttpConnection::send_from_pool(Response response) {
  const auto self = shared_from_this();
  if (response.stream && method_ != Method::head) {
    const auto stream = std::exchange(response.stream, nullptr);
    const auto pipe = std::make_shared<AnswerPipe>(!http_1_0_, waker(&HttpConnection::pump));
    asio::post(home_.io,
               [self, pipe, head = std::move(response)]() mutable { self->open_stream(pipe, std::move(head)); });
    bool whole = false;
    try {
      whole = stream(*pipe).has_value();
    } catch (...) {
      whole = false;
    }
    return whole ? pipe->finish() : pipe->abort();
  }
  if (response.events && method_ != Method::head) {
    const auto events = std::exchange(response.events, nullptr);
    const auto queue = std::make_shared<EventQueue>(!http_1_0_, waker(&HttpConnection::pump));
    asio::post(home_.io,
               [self, queue, head = std::move(response)]() mutable { self->open_events(queue, std::move(head)); });
    try {
      return events(std::make_shared<EventHandle>(queue));
    } catch (...) {
      return queue->close();
    }
  }
  asio::post(home_.io, [self, response = std::move(response)]() mutable { self->answer(std::move(response)); });
}

// What a quick handler gave. A stream may wait, so it is another thread's.
void HttpConnection::deliver(Response response) {
  if ((!response.stream && !response.events) || method_ == Method::head) return answer(std::move(response));
  auto shared = std::make_shared<Response>(std::move(response));
  const bool posted =
      core_.pool.post([self = shared_from_this(), shared] { self->send_from_pool(std::move(*shared)); });
  if (!posted) answer_error(503, "the server is busy");
}

void HttpConnection::answer(Response response) {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::answering;
  read_deadline_ = never;
  Framing framing = has_body(response.status) ? Framing::length : Framing::none;
  if (response.stream || response.events) framing = http_1_0_ ? Framing::close : Framing::chunked;  // of a HEAD
  if (!put_head(response, framing, response.body.size())) return;
  if (method_ != Method::head && framing == Framing::length) {
    if (response.body.size() <= joined_bytes_max) {
      next_ += response.body;
    } else {
      next_body_ = std::move(response.body);
    }
  }
  answer_whole_ = true;
  start_write();
}

void HttpConnection::answer_error(int status, std::string_view what) {
  Response response = core_.error_response(status, what);
  if (response.status == 503 && !response.headers.has("Retry-After")) response.headers.add("Retry-After", "1");
  response.stream = nullptr;
  response.events = nullptr;
  answer(std::move(response));
}

void HttpConnection::answer_not_allowed(const std::vector<std::string>& allow) {
  std::string list;
  for (const std::string& method : allow) list += (list.empty() ? "" : ", ") + method;
  Response response = core_.error_response(405, "this path has other methods: " + list);
  response.headers.set("Allow", list);
  answer(std::move(response));
}

// A request whose end can't be told.
void HttpConnection::refuse(const Refusal& refusal) {
  if (!unanswered_) began_ = std::chrono::steady_clock::now();
  unanswered_ = true;
  keep_alive_ = false;
  body_broken_ = true;
  answer_error(refusal.status, refusal.what);
}

// Whether the next request on this connection can be told from what is left of this one.
void HttpConnection::settle_keep_alive() {
  if (core_.stopping || body_broken_) keep_alive_ = false;
  if (parser_.done()) return;
  const bool long_rest = !chunked_ && body_bytes_ - body_taken_ > drained_max;
  if (expects_continue_ || long_rest) keep_alive_ = false;
}

// False: the response can't be sent, and an error has been in its place.
bool HttpConnection::put_head(const Response& response, Framing framing, std::uint64_t body_bytes) {
  settle_keep_alive();
  if (framing == Framing::close) keep_alive_ = false;
  const std::size_t before = next_.size();
  HeadOptions options{framing, body_bytes, keep_alive_, home_.date};
  status_ = response.status;
  if (append_head(next_, response, options)) return true;

  next_.resize(before);
  options.keep_alive = keep_alive_ = false;  // the handler may still be at work on its request
  const Response mistake = Response::text(500, "the server made a mistake\n");
  status_ = mistake.status;
  options.framing = Framing::length;
  options.body_bytes = mistake.body.size();
  static_cast<void>(append_head(next_, mistake, options));
  if (method_ != Method::head) next_ += mistake.body;
  answer_whole_ = true;
  start_write();
  return false;
}

void HttpConnection::open_stream(std::shared_ptr<AnswerPipe> pipe, Response head) {
  if (stage_ == Stage::closed) return pipe->fail();
  stream_ = std::move(pipe);
  stream_head_ = std::move(head);
  pump();
}

void HttpConnection::open_events(std::shared_ptr<EventQueue> queue, Response head) {
  if (stage_ == Stage::closed) return queue->fail();
  stage_ = Stage::events;
  read_deadline_ = never;
  keep_alive_ = false;
  if (!head.headers.has("Content-Type")) head.headers.add("Content-Type", "text/event-stream");
  if (!head.headers.has("Cache-Control")) head.headers.add("Cache-Control", "no-store");
  if (!put_head(head, http_1_0_ ? Framing::close : Framing::chunked, 0)) return queue->fail();
  events_ = std::move(queue);
  ++core_.event_streams;
  wrote_ms_ = home_.now_ms;
  if (core_.stopping) events_->close();
  start_write();
  read_more();  // nothing but the end is awaited
}

// Sends what a stream has.
void HttpConnection::pump() {
  if (stage_ == Stage::closed || writing_ || answer_whole_ || (!stream_ && !events_)) return;
  std::string bytes;
  const AnswerPipe::Taken taken = stream_ ? stream_->take(bytes) : events_->take(bytes);
  if (taken == AnswerPipe::Taken::nothing) return;
  if (taken == AnswerPipe::Taken::aborted) {
    if (!stream_head_) return cut();
    stream_head_.reset();
    stream_.reset();
    return answer_error(500, "the server made a mistake");
  }
  if (stream_head_) {
    const Response head = *std::exchange(stream_head_, std::nullopt);
    if (!put_head(head, http_1_0_ ? Framing::close : Framing::chunked, 0)) return stream_->fail();
  }
  next_ += bytes;
  answer_whole_ = taken == AnswerPipe::Taken::end;
  if (answer_whole_ && next_.empty()) return finish_answer();
  start_write();
}

void HttpConnection::start_write() {
  if (writing_) return;
  out_.swap(next_);
  out_body_.swap(next_body_);
  out_at_ = 0;
  write_out();
}

void HttpConnection::write_out() {
  writing_ = true;
  write_deadline_ = home_.now_ms + core_.options.write_ms;
  const std::size_t head = std::min(out_at_, out_.size());
  const std::size_t body = out_at_ - head;
  transport_->write_some({asio::buffer(out_.data() + head, out_.size() - head),
                          asio::buffer(out_body_.data() + body, out_body_.size() - body)},
                         shared_from_this());
}

void HttpConnection::on_write(const NetError& error, std::size_t bytes) {
  writing_ = false;
  if (stage_ == Stage::closed) return;
  if (error) return cut();
  out_at_ += bytes;
  response_bytes_ += bytes;
  wrote_ms_ = home_.now_ms;
  if (out_at_ < out_.size() + out_body_.size()) return write_out();
  out_.clear();
  if (out_.capacity() > kept_bytes_max) out_.shrink_to_fit();
  out_body_ = {};
  if (!next_.empty() || !next_body_.empty()) return start_write();
  if (answer_whole_) return finish_answer();
  pump();
}

void HttpConnection::finish_answer() {
  report(status_);
  stream_.reset();
  if (events_) {
    events_->fail();
    events_.reset();
    --core_.event_streams;
  }
  if (!keep_alive_ || body_broken_) return close_gently();
  if (parser_.done()) return next_request();
  stage_ = Stage::draining;
  read_deadline_ = home_.now_ms + core_.options.header_ms;
  drain();
}

// A socket that is closed with bytes unread resets the connection, and the answer might be lost with it: what comes is
// read for a moment (RFC 9112, section 9.6).
void HttpConnection::close_gently() {
  stage_ = Stage::closing;
  const bool all_read = parser_.done() && !reading_;
  if (core_.stopping && parser_.done()) return cut();
  drained_ = 0;
  input_begin_ = input_end_ = 0;
  read_deadline_ = home_.now_ms + linger_ms;
  // The end of a TLS session can't be said while the other end may still send.
  if (peer_.tls && !all_read) return read_more();
  transport_->shutdown(shared_from_this());
  if (!peer_.tls) read_more();
}

// A client learns by an alert that its key isn't trusted, and has sent its request already: as above.
void HttpConnection::close_refused() {
  stage_ = Stage::closing;
  read_deadline_ = home_.now_ms + linger_ms;
  transport_->drain(shared_from_this());
}

void HttpConnection::on_shutdown() {
  if (peer_.tls) cut();
}

void HttpConnection::report(int status) {
  unanswered_ = false;
  if (!core_.seams.on_done) return;
  const auto duration = std::chrono::steady_clock::now() - began_;
  core_.seams.on_done({.method = method_,
                       .route = route_ == nullptr ? std::string_view() : route_->pattern,
                       .status = status,
                       .duration_us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count(),
                       .slow = slow_,
                       .request_bytes = request_bytes_,
                       .response_bytes = response_bytes_});
}

}  // namespace fristad
