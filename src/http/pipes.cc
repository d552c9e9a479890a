#include "http/pipes.h"

#include <algorithm>

#include "http/response_head.h"

namespace fristad {
namespace {

constexpr std::size_t events_max = 256;
constexpr std::size_t event_bytes_max = 4 << 20;  // of all that wait

Error gone() {
  return {Code::unavailable, "the connection is closed"};
}

}  // namespace

Result<std::size_t> BodyPipe::read(std::span<char> buffer) {
  std::unique_lock lock(mutex_);
  wanted_ = true;
  while (true) {
    const std::size_t there = bytes_.size() - taken_;
    const std::size_t count = std::min(there, buffer.size());
    if (count > 0) {
      std::copy_n(bytes_.data() + taken_, count, buffer.data());
      taken_ += count;
      if (taken_ == bytes_.size()) {
        bytes_.clear();
        taken_ = 0;
      }
    }
    if (paused_ && !ended_ && !error_ && there - count < pipe_bytes_max / 2) {
      paused_ = false;
      wake_();
    }
    if (count > 0 || buffer.empty()) return count;
    if (error_) return *error_;
    if (ended_) return std::size_t{0};
    changed_.wait(lock);
  }
}

bool BodyPipe::put(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (taken_ > 0) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  bytes_ += bytes;
  paused_ = !wanted_ || bytes_.size() >= pipe_bytes_max;
  changed_.notify_one();
  return !paused_;
}

void BodyPipe::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_one();
}

void BodyPipe::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!ended_ && !error_) error_ = std::move(error);
  changed_.notify_one();
}

Result<std::size_t> WholeBody::read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), bytes_.size() - taken_);
  std::copy_n(bytes_.data() + taken_, count, buffer.data());
  taken_ += count;
  return count;
}

Status AnswerPipe::write(std::string_view part) {
  while (!part.empty()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return failed_ || bytes_.size() < pipe_bytes_max; });
    if (failed_) return gone();
    const std::string_view piece = part.substr(0, pipe_bytes_max);
    part.remove_prefix(piece.size());
    if (chunked_) {
      append_chunk(bytes_, piece);
    } else {
      bytes_ += piece;
    }
    call_wake();
  }
  return {};
}

void AnswerPipe::finish() {
  const std::lock_guard lock(mutex_);
  if (chunked_) bytes_ += last_chunk;
  ended_ = true;
  call_wake();
}

void AnswerPipe::abort() {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  call_wake();
}

AnswerPipe::Taken AnswerPipe::take(std::string& out) {
  const std::lock_guard lock(mutex_);
  if (aborted_) return Taken::aborted;
  if (bytes_.empty()) {
    if (ended_) return Taken::end;
    idle_ = true;
    return Taken::nothing;
  }
  out += bytes_;
  bytes_.clear();
  changed_.notify_one();
  return Taken::bytes;
}

void AnswerPipe::fail() {
  const std::lock_guard lock(mutex_);
  failed_ = true;
  wake_ = nullptr;
  changed_.notify_one();
}

// With mutex_ held.
void AnswerPipe::call_wake() {
  if (!idle_ || !wake_) return;
  idle_ = false;
  wake_();
}

Status EventQueue::send(std::string_view name, std::string_view data) {
  if (name.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return Error{Code::invalid_argument, "the name of an event must be one line"};
  }
  std::string event;
  event.reserve(name.size() + data.size() + 32);
  if (!name.empty()) event.append("event: ").append(name).append("\n");
  while (true) {  // each line of the data is a field of its own
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    event.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.size()) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  event += '\n';

  const std::lock_guard lock(mutex_);
  if (closed_) return gone();
  if (waiting_ == events_max || bytes_.size() + event.size() > event_bytes_max) {
    closed_ = overflowed_ = true;
    call_wake();
    return Error{Code::unavailable, "the client reads events too slowly and was cut off"};
  }
  ++waiting_;
  if (chunked_) {
    append_chunk(bytes_, event);
  } else {
    bytes_ += event;
  }
  call_wake();
  return {};
}

void EventQueue::close() {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  if (chunked_) bytes_ += last_chunk;
  call_wake();
}

bool EventQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

AnswerPipe::Taken EventQueue::take(std::string& out) {
  const std::lock_guard lock(mutex_);
  if (overflowed_) return AnswerPipe::Taken::aborted;
  if (bytes_.empty()) {
    if (closed_) return AnswerPipe::Taken::end;
    idle_ = true;
    return AnswerPipe::Taken::nothing;
  }
  out += bytes_;
  bytes_.clear();
  waiting_ = 0;
  return AnswerPipe::Taken::bytes;
}

void EventQueue::beat() {
  const std::lock_guard lock(mutex_);
  if (closed_ || !bytes_.empty()) return;
  if (chunked_) {
    append_chunk(bytes_, ":\n\n");
  } else {
    bytes_ += ":\n\n";
  }
  call_wake();
}

void EventQueue::fail() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake_ = nullptr;
}

// With mutex_ held.
void EventQueue::call_wake() {
  if (!idle_ || !wake_) return;
  idle_ = false;
  wake_();
}

}  // namespace fristad
