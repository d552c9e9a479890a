#pragma once

// Where a handler's thread and the thread of its connection meet: each pipe holds a bounded number of bytes, and makes
// the faster side wait. The connection's side never waits: it is woken by a function that the pipe is given.
//
// Thread-safety: one thread on each side. `wake` is called with the pipe's lock held, so it must only pass the word on.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fristad {

constexpr std::size_t pipe_bytes_max = 64 * 1024;

// A body on its way to the handler.
class BodyPipe : public BodyReader {
 public:
  // `wake` asks for more of the body: first when the handler begins to read, then whenever there is room again.
  explicit BodyPipe(std::function<void()> wake) : wake_(std::move(wake)) {}

  Result<std::size_t> read(std::span<char> buffer) override;

  // The connection's side. put() says whether more is wanted now; if not, `wake` will be called.
  bool put(std::string_view bytes);
  void end();
  void fail(Error error);  // what was put before can still be read

 private:
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::string bytes_;
  std::size_t taken_ = 0;
  bool wanted_ = false;
  bool paused_ = true;  // the connection waits for `wake`
  bool ended_ = false;
  std::optional<Error> error_;
};

// A body that is there already.
class WholeBody : public BodyReader {
 public:
  explicit WholeBody(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(std::span<char> buffer) override;

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

// A body that a handler sends in parts.
class AnswerPipe : public BodyWriter {
 public:
  // `wake` says that there is something to take.
  AnswerPipe(bool chunked, std::function<void()> wake) : chunked_(chunked), wake_(std::move(wake)) {}

  Status write(std::string_view part) override;
  void finish();
  void abort();  // the other end must not take it for whole

  enum class Taken { nothing, bytes, end, aborted };
  // The connection's side. Appends what is there; after `nothing`, `wake` will be called.
  Taken take(std::string& out);
  void fail();  // the connection is gone

 private:
  void call_wake();

  const bool chunked_;
  std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::string bytes_;
  bool idle_ = true;  // the connection waits for `wake`
  bool ended_ = false;
  bool aborted_ = false;
  bool failed_ = false;
};

// Events on their way to a client. What a user holds is an EventHandle; the queue belongs to the connection.
class EventQueue {
 public:
  EventQueue(bool chunked, std::function<void()> wake) : chunked_(chunked), wake_(std::move(wake)) {}

  Status send(std::string_view name, std::string_view data);
  void close();
  bool closed() const;

  // The connection's side, as of AnswerPipe. `aborted` when the client was too slow.
  AnswerPipe::Taken take(std::string& out);
  void beat();  // queues a comment, so that the other end and what lies between see life
  void fail();

 private:
  void call_wake();

  const bool chunked_;
  mutable std::mutex mutex_;  // guards everything below
  std::function<void()> wake_;
  std::string bytes_;
  std::size_t waiting_ = 0;  // events in bytes_
  bool idle_ = true;
  bool closed_ = false;
  bool overflowed_ = false;
};

class EventHandle : public EventStream {
 public:
  explicit EventHandle(std::shared_ptr<EventQueue> queue) : queue_(std::move(queue)) {}
  ~EventHandle() override { queue_->close(); }
  EventHandle(const EventHandle&) = delete;
  EventHandle& operator=(const EventHandle&) = delete;
  Status send(std::string_view name, std::string_view data) override { return queue_->send(name, data); }
  void close() override { queue_->close(); }
  bool closed() const override { return queue_->closed(); }

 private:
  std::shared_ptr<EventQueue> queue_;
};

}  // namespace fristad
