#include "http/pipes.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace fristad {
namespace {

using Taken = AnswerPipe::Taken;

TEST(BodyPipe, AsksOnlyWhenTheHandlerReads) {
  std::atomic<int> asked = 0;
  BodyPipe pipe([&] { ++asked; });
  EXPECT_FALSE(pipe.put("ab"));  // came with the head
  EXPECT_EQ(asked, 0);
  std::array<char, 16> buffer;
  EXPECT_EQ(pipe.read(buffer).value(), 2u);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(pipe.put("cde"));
  EXPECT_EQ(pipe.read(std::span(buffer).first(2)).value(), 2u);
  EXPECT_EQ(pipe.read(buffer).value(), 1u);
  EXPECT_EQ(buffer[0], 'e');
  EXPECT_EQ(asked, 1);  // it reads already
  pipe.end();
  EXPECT_EQ(pipe.read(buffer).value(), 0u);
  EXPECT_EQ(pipe.read(buffer).value(), 0u);
}

TEST(BodyPipe, HoldsTheNetworkBack) {
  std::atomic<int> asked = 0;
  BodyPipe pipe([&] { ++asked; });
  std::array<char, 1024> buffer;
  std::jthread network([&] {
    while (asked == 0) std::this_thread::yield();
    const std::string piece(pipe_bytes_max / 4, 'x');
    int pieces = 1;
    while (pipe.put(piece)) ++pieces;
    EXPECT_LE(pieces, 5);
  });
  EXPECT_EQ(pipe.read(buffer).value(), buffer.size());
  network.join();
  const int before = asked;
  std::size_t left = 0;
  pipe.end();
  while (const std::size_t count = pipe.read(buffer).value()) left += count;
  EXPECT_GE(left, pipe_bytes_max - 2 * buffer.size());
  EXPECT_EQ(asked, before);  // nothing more can come
}

TEST(BodyPipe, WakesTheNetworkWhenThereIsRoom) {
  std::atomic<int> asked = 0;
  BodyPipe pipe([&] { ++asked; });
  std::array<char, 1024> buffer;
  EXPECT_FALSE(pipe.put(std::string(pipe_bytes_max, 'x')));
  std::size_t taken = 0;
  while (asked == 0) taken += pipe.read(buffer).value();
  EXPECT_GT(taken, pipe_bytes_max / 2);
  EXPECT_LE(taken, pipe_bytes_max / 2 + 2 * buffer.size());
}

TEST(BodyPipe, GivesWhatCameBeforeAnError) {
  BodyPipe pipe([] {});
  pipe.put("a");
  pipe.fail({Code::too_large, "x"});
  pipe.fail({Code::unavailable, "y"});
  std::array<char, 4> buffer;
  EXPECT_EQ(pipe.read(buffer).value(), 1u);
  EXPECT_EQ(pipe.read(buffer).error().code, Code::too_large);
  EXPECT_EQ(pipe.read(buffer).error().code, Code::too_large);
}

TEST(AnswerPipe, MakesTheHandlerWait) {
  std::atomic<int> woken = 0;
  AnswerPipe pipe(false, [&] { ++woken; });
  const std::string part(10 * pipe_bytes_max, 'x');
  std::jthread handler([&] {
    EXPECT_TRUE(pipe.write(part));
    pipe.finish();
  });
  std::string all;
  while (true) {
    std::string out;
    const Taken taken = pipe.take(out);
    EXPECT_LE(out.size(), 2 * pipe_bytes_max);
    all += out;
    if (taken == Taken::end) break;
    std::this_thread::yield();
  }
  EXPECT_EQ(all.size(), part.size());
  EXPECT_GE(woken, 1);
}

TEST(AnswerPipe, WritesChunks) {
  AnswerPipe pipe(true, [] {});
  EXPECT_TRUE(pipe.write("abc"));
  EXPECT_TRUE(pipe.write(""));  // which would end the body
  EXPECT_TRUE(pipe.write("d"));
  pipe.finish();
  std::string out;
  EXPECT_EQ(pipe.take(out), Taken::bytes);
  EXPECT_EQ(out, "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
  EXPECT_EQ(pipe.take(out), Taken::end);
}

TEST(AnswerPipe, TellsOfBrokenEnds) {
  AnswerPipe aborted(true, [] {});
  EXPECT_TRUE(aborted.write("a"));
  aborted.abort();
  std::string out;
  EXPECT_EQ(aborted.take(out), Taken::aborted);

  AnswerPipe failed(false, [] {});
  EXPECT_TRUE(failed.write(std::string(pipe_bytes_max, 'x')));
  std::jthread network([&] { failed.fail(); });
  EXPECT_EQ(failed.write("more").error().code, Code::unavailable);
}

std::string taken(EventQueue& queue) {
  std::string out;
  queue.take(out);
  return out;
}

TEST(EventQueue, WritesEvents) {
  EventQueue queue(false, [] {});
  EXPECT_TRUE(queue.send("list", "one"));
  EXPECT_EQ(taken(queue), "event: list\ndata: one\n\n");
  EXPECT_TRUE(queue.send("", "a\nb\r\nc\rd\n"));
  EXPECT_EQ(taken(queue), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  EXPECT_TRUE(queue.send("", ""));
  EXPECT_EQ(taken(queue), "data: \n\n");
  for (const char* name : {"a\nb", "a\rb", "\n"}) EXPECT_EQ(queue.send(name, "").error().code, Code::invalid_argument);
  queue.beat();
  EXPECT_EQ(taken(queue), ":\n\n");
}

TEST(EventQueue, ClosesOnce) {
  EventQueue queue(true, [] {});
  EXPECT_TRUE(queue.send("", "a"));
  queue.close();
  queue.close();
  EXPECT_TRUE(queue.closed());
  EXPECT_EQ(queue.send("", "b").error().code, Code::unavailable);
  std::string out;
  EXPECT_EQ(queue.take(out), Taken::bytes);
  EXPECT_EQ(out, "9\r\ndata: a\n\n\r\n0\r\n\r\n");
  EXPECT_EQ(queue.take(out), Taken::end);
}

TEST(EventQueue, CutsOffWhoDoesNotTake) {
  EventQueue queue(true, [] {});
  for (int i = 0; i < 256; ++i) ASSERT_TRUE(queue.send("", "a"));
  EXPECT_EQ(queue.send("", "a").error().code, Code::unavailable);
  EXPECT_TRUE(queue.closed());
  std::string out;
  EXPECT_EQ(queue.take(out), Taken::aborted);

  EventQueue large(true, [] {});
  EXPECT_FALSE(large.send("", std::string(5 << 20, 'a')));
}

TEST(EventQueue, WakesOncePerSilence) {
  int woken = 0;
  EventQueue queue(false, [&] { ++woken; });
  EXPECT_TRUE(queue.send("", "a"));
  EXPECT_TRUE(queue.send("", "b"));
  EXPECT_EQ(woken, 1);
  std::string out;
  EXPECT_EQ(queue.take(out), Taken::bytes);
  EXPECT_EQ(queue.take(out), Taken::nothing);
  EXPECT_TRUE(queue.send("", "c"));
  EXPECT_EQ(woken, 2);
  queue.fail();
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.send("", "d"));
  EXPECT_EQ(woken, 2);
}

TEST(EventQueue, ClosesWhenNobodyHoldsIt) {
  const auto queue = std::make_shared<EventQueue>(false, [] {});
  { const EventHandle handle(queue); }
  EXPECT_TRUE(queue->closed());
}

}  // namespace
}  // namespace fristad
