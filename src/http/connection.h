#pragma once

// One connection of the server: reads requests in turn, gives them to handlers, sends the answers.
//
// Everything of a connection happens on the thread of its IoThread, except what is marked: a handler's thread meets it
// at the pipes, and in what it posts to the IoThread. There are no timers here: the IoThread calls sweep() a few times
// a second.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/admission.h"
#include "http/handler_pool.h"
#include "http/pipes.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/server.h"
#include "http/transport.h"

namespace fristad {

class HttpConnection;

// What all connections of a server share.
struct ServerCore {
  HttpServerOptions options;
  Router router;
  HttpSeams seams;
  HandlerPool pool;
  Admission admission;
  std::atomic<std::size_t> event_streams = 0;
  std::atomic<bool> stopping = false;

  Response error_response(int status, std::string_view what) const;
};

// A thread and its connections.
struct IoThread {
  explicit IoThread(ServerCore& shared) : core(shared), io(1) {}

  ServerCore& core;
  asio::io_context io;
  std::int64_t now_ms = 0;  // as of the last sweep
  std::string date = {};    // the same moment, for heads
  std::vector<std::shared_ptr<HttpConnection>> connections = {};
};

class HttpConnection : public TransportUser, public std::enable_shared_from_this<HttpConnection> {
 public:
  // `peer` has been admitted.
  HttpConnection(IoThread& home, std::unique_ptr<Transport> transport, Peer peer);

  void begin();
  void sweep();
  void stop();  // after the answer that is under way, if any
  void cut();

 private:
  enum class Stage { handshake, head, small_body, handling, answering, draining, events, closing, closed };
  static constexpr std::uint64_t drained_max = 256 * 1024;
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  void on_handshake(const NetError& error) override;
  void on_read(const NetError& error, std::size_t bytes) override;
  void on_write(const NetError& error, std::size_t bytes) override;
  void on_shutdown() override;

  // Requests: connection.cc
  void next_request();
  void read_more();
  void read_head();
  void dispatch(RequestHead head);
  void answer_other_method(const RequestHead& head);
  std::optional<Refusal> take_body(std::string& bytes);
  void collect();
  void pull();
  void post();
  void note_forwarded();
  void drain();
  void time_out();
  void send_continue();
  std::string_view input() const { return {input_.data() + input_begin_, input_end_ - input_begin_}; }
  void consume(std::size_t bytes);

  // Answers: connection_answer.cc
  void run();                              // on a handler's thread
  void send_from_pool(Response response);  // on a handler's thread
  Response call_handler();                 // on any thread
  void deliver(Response response);
  void answer(Response response);
  void answer_error(int status, std::string_view what);
  void answer_not_allowed(const std::vector<std::string>& allow);
  void refuse(const Refusal& refusal);
  void open_stream(std::shared_ptr<AnswerPipe> pipe, Response head);
  void open_events(std::shared_ptr<EventQueue> queue, Response head);
  bool put_head(const Response& response, Framing framing, std::uint64_t body_bytes);
  void settle_keep_alive();
  void pump();
  void start_write();
  void write_out();
  void finish_answer();
  void close_gently();
  void close_refused();
  void report(int status);
  std::function<void()> waker(void (HttpConnection::*what)());

  IoThread& home_;
  ServerCore& core_;
  std::unique_ptr<Transport> transport_;
  Peer peer_;
  std::size_t slot_ = 0;  // its place in home_.connections
  Stage stage_ = Stage::handshake;
  std::int64_t read_deadline_ = never;
  std::int64_t write_deadline_ = never;

  // What comes in.
  RequestParser parser_ = {};
  std::vector<char> input_ = {};
  std::size_t input_begin_ = 0;  // what isn't used yet is input_[input_begin_, input_end_)
  std::size_t input_end_ = 0;
  bool reading_ = false;
  bool head_begun_ = false;

  // The request. While a handler runs, `request_` is the handler's.
  Request request_ = {};
  const Route* route_ = nullptr;
  Method method_ = Method::get;
  bool http_1_0_ = false;
  bool keep_alive_ = false;
  bool unanswered_ = false;  // a head came, and the answer to it isn't sent
  bool expects_continue_ = false;
  bool body_broken_ = false;  // too long, too slow or malformed: no more is read of it
  bool chunked_ = false;
  std::uint64_t body_bytes_ = 0;  // that Content-Length says
  std::uint64_t body_taken_ = 0;
  std::uint64_t body_max_ = 0;
  std::int64_t body_waited_ms_ = 0;   // for the network
  std::int64_t body_wait_begun_ = 0;  // when reading_
  std::uint64_t drained_ = 0;
  std::string scratch_ = {};
  std::optional<WholeBody> whole_body_ = {};
  std::optional<BodyPipe> body_pipe_ = {};

  // What goes out: `out_` and `out_body_` are being written, `next_` and `next_body_` come then.
  std::string out_ = {};
  std::string out_body_ = {};
  std::size_t out_at_ = 0;  // in both together
  std::string next_ = {};
  std::string next_body_ = {};
  bool writing_ = false;
  bool answer_whole_ = false;  // nothing comes after `next_body_`
  std::optional<Response> stream_head_ = {};
  std::shared_ptr<AnswerPipe> stream_ = {};
  std::shared_ptr<EventQueue> events_ = {};
  std::int64_t wrote_ms_ = 0;

  // What is reported.
  int status_ = 0;
  std::chrono::steady_clock::time_point began_ = {};
  std::atomic<bool> slow_ = false;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t response_bytes_ = 0;
};

}  // namespace fristad
