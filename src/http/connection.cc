#include "http/connection.h"

#include <algorithm>
#include <cstring>

namespace fristad {
namespace {

constexpr std::size_t input_bytes_idle = 4 * 1024;
constexpr std::size_t input_bytes_body = 64 * 1024;
constexpr std::uint64_t small_body_max = 64 * 1024;
constexpr std::size_t lingering_bytes_max = 1 << 20;

}  // namespace

HttpConnection::HttpConnection(IoThread& home, std::unique_ptr<Transport> transport, Peer peer)
    : home_(home), core_(home.core), transport_(std::move(transport)), peer_(std::move(peer)) {}

void HttpConnection::begin() {
  slot_ = home_.connections.size();
  home_.connections.push_back(shared_from_this());
  if (core_.stopping) return cut();
  if (!peer_.tls) return next_request();
  read_deadline_ = home_.now_ms + core_.options.header_ms;
  transport_->handshake(shared_from_this());
}

void HttpConnection::on_handshake(const NetError& error) {
  if (stage_ == Stage::closed) return;
  if (core_.stopping) return cut();
  if (error) return core_.options.pinned ? close_refused() : cut();
  if (core_.options.pinned) peer_.key = transport_->peer_key();
  next_request();
}

void HttpConnection::next_request() {
  stage_ = Stage::head;
  parser_.reset();
  head_begun_ = false;
  route_ = nullptr;
  method_ = Method::get;
  unanswered_ = expects_continue_ = body_broken_ = chunked_ = answer_whole_ = slow_ = false;
  body_bytes_ = body_taken_ = drained_ = request_bytes_ = response_bytes_ = 0;
  body_waited_ms_ = 0;
  body_pipe_.reset();
  whole_body_.reset();
  if (core_.stopping) return cut();
  if (input().empty() && input_.size() > input_bytes_body / 2) input_ = {};
  read_head();
}

void HttpConnection::consume(std::size_t bytes) {
  input_begin_ += bytes;
  request_bytes_ += bytes;
  if (input_begin_ == input_end_) input_begin_ = input_end_ = 0;
}

void HttpConnection::read_more() {
  if (reading_ || stage_ == Stage::closed) return;
  if (input_begin_ > 0) {
    std::memmove(input_.data(), input_.data() + input_begin_, input_end_ - input_begin_);
    input_end_ -= input_begin_;
    input_begin_ = 0;
  }
  // Small while little is expected: most connections wait most of the time.
  const bool body = stage_ == Stage::small_body || stage_ == Stage::handling || stage_ == Stage::draining;
  const std::size_t wanted = body && (chunked_ || body_bytes_ > input_bytes_idle) ? input_bytes_body : input_bytes_idle;
  if (input_.size() < wanted) input_.resize(wanted);
  if (input_end_ == input_.size()) input_.resize(input_.size() * 2);
  reading_ = true;
  transport_->read_some({input_.data() + input_end_, input_.size() - input_end_}, shared_from_this());
}

void HttpConnection::on_read(const NetError& error, std::size_t bytes) {
  reading_ = false;
  if (stage_ == Stage::closed) return;
  if (error) {
    // Who only has nothing more to say may still listen.
    const bool answered = stage_ == Stage::handling || stage_ == Stage::answering;
    if (error != asio::error::eof || !answered) return cut();
    keep_alive_ = false;
    body_broken_ = true;
    read_deadline_ = never;
    if (body_pipe_) body_pipe_->fail({Code::unavailable, "the client closed the connection within the body"});
    return;
  }
  input_end_ += bytes;
  switch (stage_) {
    case Stage::head: return read_head();
    case Stage::small_body: return collect();
    case Stage::handling:
      body_waited_ms_ += home_.now_ms - body_wait_begun_;
      read_deadline_ = never;
      return pull();
    case Stage::draining: return drain();
    case Stage::events: input_begin_ = input_end_ = 0; return read_more();
    case Stage::closing:
      drained_ += bytes;
      input_begin_ = input_end_ = 0;
      return drained_ > lingering_bytes_max ? cut() : read_more();
    case Stage::handshake:
    case Stage::answering:
    case Stage::closed: return;
  }
}

void HttpConnection::read_head() {
  // Empty lines between requests are passed over (RFC 9112, section 2.2).
  while (!head_begun_ && input().starts_with("\r\n")) consume(2);
  if (!head_begun_ && (input().empty() || input() == "\r")) {
    read_deadline_ = home_.now_ms + core_.options.idle_ms;
    return read_more();
  }
  if (!head_begun_) {
    head_begun_ = true;
    read_deadline_ = home_.now_ms + core_.options.header_ms;
  }
  const auto size = parser_.head_size(input(), core_.options.header_bytes_max);
  if (!size) return refuse(size.error());
  if (*size == 0) return read_more();
  began_ = std::chrono::steady_clock::now();
  unanswered_ = true;
  auto head = parser_.parse_head(input().substr(0, *size));
  consume(*size);
  read_deadline_ = never;
  if (!head) return refuse(head.error());
  dispatch(std::move(*head));
}

void HttpConnection::dispatch(RequestHead head) {
  http_1_0_ = head.http_1_0;
  keep_alive_ = head.keep_alive;
  expects_continue_ = head.expects_continue;
  chunked_ = head.chunked;
  body_bytes_ = head.body_bytes;
  if (!head.method) return answer_other_method(head);
  method_ = *head.method;

  auto path = decode_path(head.path, core_.options.merge_slashes);
  if (!path) return answer_error(400, path.error().message);
  Router::Found found = core_.router.find(method_, *path);
  if (found.route == nullptr) {
    if (found.allow.empty()) return answer_error(404, "there is nothing at this path");
    return answer_not_allowed(found.allow);
  }
  route_ = found.route;
  body_max_ = route_->quick ? std::min(route_->limits.body_bytes, small_body_max) : route_->limits.body_bytes;
  if (body_bytes_ > body_max_) return answer_error(413, "the body is larger than this path takes");

  request_.method = method_;
  request_.path = std::move(*path);
  request_.query = std::move(head.query);
  request_.headers = std::move(head.headers);
  request_.peer = peer_;
  if (core_.options.behind_proxy && peer_.loopback) note_forwarded();
  request_.route = route_->pattern;
  request_.parameters = std::move(found.parameters);
  scratch_.clear();
  // A handler that had to wait for a slow client would keep others waiting: what is small comes first, as a whole.
  if (route_->quick || (!chunked_ && body_bytes_ <= small_body_max)) {
    stage_ = Stage::small_body;
    read_deadline_ = home_.now_ms + route_->limits.body_ms;
    return collect();
  }
  stage_ = Stage::handling;
  body_pipe_.emplace(waker(&HttpConnection::pull));
  request_.body = &*body_pipe_;
  pull();  // what came with the head
  post();
}

void HttpConnection::post() {
  if (!core_.pool.post([self = shared_from_this()] { self->run(); })) answer_error(503, "the server is busy");
}

// OPTIONS, TRACE and the like.
void HttpConnection::answer_other_method(const RequestHead& head) {
  if (head.method_refusal == 501) return answer_error(501, "the method isn't one of HTTP's that are served here");
  std::vector<std::string> allow;
  if (const auto path = decode_path(head.path, core_.options.merge_slashes)) {
    for (const Method method : {Method::del, Method::get, Method::head, Method::patch, Method::post, Method::put}) {
      if (core_.router.find(method, *path).route != nullptr) allow.emplace_back(to_text(method));
    }
  }
  answer_not_allowed(allow);
}

// What the proxy beside us says of who it speaks for: the last address in the list is the one that it saw itself.
void HttpConnection::note_forwarded() {
  std::string_view list = request_.headers.find("X-Forwarded-For");
  list = list.substr(list.rfind(',') + 1);
  while (list.starts_with(' ')) list.remove_prefix(1);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(list), error);
  if (error) return;
  request_.peer.address = address.to_string();
  request_.peer.loopback = address.is_loopback();
}

// Moves from the input to `bytes` what belongs to the body, or says how that is broken.
std::optional<Refusal> HttpConnection::take_body(std::string& bytes) {
  const std::size_t before = bytes.size();
  const auto used = parser_.take_body(input(), bytes);
  if (!used) {
    body_broken_ = true;
    return used.error();
  }
  consume(*used);
  body_taken_ += bytes.size() - before;
  if (body_taken_ <= body_max_) return std::nullopt;
  body_broken_ = true;
  return Refusal{413, "the body is larger than this path takes"};
}

// A small body: all of it before the handler runs.
void HttpConnection::collect() {
  if (const auto refusal = take_body(scratch_)) return refuse(*refusal);
  if (!parser_.done()) {
    send_continue();
    return read_more();
  }
  read_deadline_ = never;
  whole_body_.emplace(std::move(scratch_));
  scratch_.clear();
  request_.body = &*whole_body_;
  stage_ = Stage::handling;
  if (!route_->quick) return post();
  deliver(call_handler());
}

// Other bodies: as much as the handler takes.
void HttpConnection::pull() {
  if (stage_ != Stage::handling || reading_ || body_broken_) return;
  scratch_.clear();
  if (const auto refusal = take_body(scratch_)) {
    const bool large = refusal->status == 413;
    return body_pipe_->fail({large ? Code::too_large : Code::damaged, std::string(refusal->what)});
  }
  const bool wanted = body_pipe_->put(scratch_);
  if (parser_.done()) return body_pipe_->end();
  if (!wanted) return;
  send_continue();
  body_wait_begun_ = home_.now_ms;
  read_deadline_ = home_.now_ms + std::max<std::int64_t>(route_->limits.body_ms - body_waited_ms_, 0);
  read_more();
}

// What a handler left of its body, so that the next request can be found behind it.
void HttpConnection::drain() {
  scratch_.clear();
  body_max_ = std::numeric_limits<std::uint64_t>::max();
  const bool broken = take_body(scratch_).has_value();
  drained_ += scratch_.size();
  if (broken || drained_ > drained_max) return close_gently();
  if (parser_.done()) return next_request();
  read_more();
}

// The client waits for this word before it sends the body (RFC 9110, section 10.1.1).
void HttpConnection::send_continue() {
  if (!expects_continue_) return;
  expects_continue_ = false;
  if (body_taken_ > 0) return;
  next_ += "HTTP/1.1 100 Continue\r\n\r\n";
  start_write();
}

void HttpConnection::sweep() {
  if (home_.now_ms >= read_deadline_) {
    read_deadline_ = never;
    time_out();
  }
  if (stage_ == Stage::closed) return;
  if (writing_ && home_.now_ms >= write_deadline_) return cut();
  if (events_ && !writing_ && home_.now_ms - wrote_ms_ >= core_.options.heartbeat_ms) events_->beat();
}

void HttpConnection::time_out() {
  switch (stage_) {
    case Stage::head:
      if (!head_begun_) return cut();
      return refuse({408, "the request's head came too slowly"});
    case Stage::small_body: return refuse({408, "the body came too slowly"});
    case Stage::handling:
      body_broken_ = true;
      return body_pipe_->fail({Code::deadline_exceeded, "the body came too slowly"});
    case Stage::handshake:
    case Stage::draining:
    case Stage::closing: return cut();
    case Stage::answering:
    case Stage::events:
    case Stage::closed: return;
  }
}

void HttpConnection::stop() {
  switch (stage_) {
    case Stage::handshake:
    case Stage::head: return cut();
    case Stage::draining: return close_gently();
    case Stage::events: return events_->close();
    case Stage::small_body:
    case Stage::handling:
    case Stage::answering: keep_alive_ = false; return;
    case Stage::closing:
    case Stage::closed: return;
  }
}

void HttpConnection::cut() {
  if (stage_ == Stage::closed) return;
  const bool streamed = events_ != nullptr;
  stage_ = Stage::closed;
  transport_->close();
  if (body_pipe_) body_pipe_->fail({Code::unavailable, "the connection is closed"});
  if (stream_) stream_->fail();
  if (events_) events_->fail();
  if (streamed) --core_.event_streams;
  if (unanswered_) report(499);
  core_.admission.leave(peer_);
  const auto self = shared_from_this();  // the list may hold the last
  home_.connections.back()->slot_ = slot_;
  std::swap(home_.connections[slot_], home_.connections.back());
  home_.connections.pop_back();
}

}  // namespace fristad
