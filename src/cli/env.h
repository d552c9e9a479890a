#pragma once

// What a command may use of the world outside: handed in by main, so that nothing reads it behind one's back.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "fristad/result.h"

namespace fristad {

class Node;

// The exit codes of every command. What was found changes them only when asked.
enum Exit : int {
  exit_done = 0,
  exit_match = 1,  // --fail-on-match, and there was one
  exit_usage = 2,
  exit_failed = 3,
};

struct Env {
  Clock clock;
  Random random;
  int cores = 1;
  const std::atomic<bool>& stop;        // set by SIGINT, SIGTERM, SIGHUP; in a server when the client asks or goes away
  std::string node_folder = {};         // of $FRISTAD_NODE: the node if none is named
  std::string credentials_folder = {};  // of $CREDENTIALS_DIRECTORY
  std::vector<std::string> arguments = {};  // the command line, without the program's name
  Node* node = nullptr;                     // the one that this process serves: commands work on it
  // The standard streams: in a server they are the client's.
  int in = 0;
  int err = 2;
  BufferedWriter out{1};

  // Says something on `err`, one line, escaped: messages quote foreign text.
  void say(std::string_view message) const;

  // Says what went wrong and gives the exit code for it.
  int fail(const Error& error) const;
  // The same with what it was about, usually a path.
  int fail(std::string_view about, const Error& error) const;

  // Flushes the output and gives `code`, or exit_failed if it could not all be written. A reader that went away is told
  // nothing: there is nobody to tell.
  int finish(int code);

  // Reads from stdin; wakes up to see whether to stop. Gives the error Code::cancelled then.
  ReadBytes read_stdin() const;

  // Reads a descriptor the same way.
  ReadBytes read_from(int fd) const;
};

// Whether a read of the descriptor would give something (or the end) at once.
bool readable_now(int fd);

// 1,234,567
std::string with_commas(std::uint64_t number);

// "1.5 GB", "12 KB": powers of ten.
std::string as_bytes_text(std::uint64_t bytes);

}  // namespace fristad
