// Stands in for a worker that an image has taken over: it enters the sandbox as every worker does, and then does what
// the first byte of the "image" tells it. Built for tests only.

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "fristad/image.h"
#include "hash/sandbox_worker.h"

namespace {

using namespace fristad;

// Whatever succeeds answers "escaped".
WorkerAnswer escaped(std::uint64_t number) {
  WorkerAnswer answer;
  answer.number = number;
  answer.code = static_cast<std::uint32_t>(Code::internal);
  std::memcpy(answer.message.data(), "escaped", 7);
  answer.message_bytes = 7;
  return answer;
}

WorkerAnswer picture(std::uint64_t number) {
  WorkerAnswer answer;
  answer.number = number;
  answer.ok = 1;
  answer.format = static_cast<std::uint32_t>(ImageFormat::png);
  answer.quality = 100;
  answer.width = 64;
  answer.height = 64;
  return answer;
}

bool allocate_without_end() {
  std::vector<char*> kept;
  for (int i = 0; i < 64; ++i) {
    auto* piece = static_cast<char*>(std::malloc(256u << 20));
    if (piece == nullptr) return false;
    kept.push_back(piece);
  }
  return true;
}

WorkerAnswer obey(std::uint8_t order, const WorkerRequest& request, std::span<const std::uint8_t> shared) {
  WorkerAnswer answer = picture(request.number);
  switch (order) {
    case 'o': open("/etc/hostname", O_RDONLY); return escaped(request.number);
    case 's': socket(AF_INET, SOCK_STREAM, 0); return escaped(request.number);
    case 'f': syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); return escaped(request.number);
    case 'e': execl("/bin/true", "true", nullptr); return escaped(request.number);
    case 'k': kill(getppid(), 0); return escaped(request.number);
    case 'x':
      mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      return escaped(request.number);
    case 'w':
      mprotect(const_cast<std::uint8_t*>(shared.data()), 4096, PROT_READ | PROT_WRITE);
      *const_cast<std::uint8_t*>(shared.data()) = 0;
      return escaped(request.number);
    case 'a': std::abort();
    case 'c': *const_cast<volatile std::uint8_t*>(shared.data()) = 0; return escaped(request.number);
    case 'l':
      for (volatile bool for_ever = true; for_ever;) {
      }
      return escaped(request.number);
    case 'z':
      limit_cpu_time(0);
      for (;;) recv(worker_socket, nullptr, 0, 0);  // sleeps: only the wall clock notices
    case 'm':
      if (allocate_without_end()) return escaped(request.number);
      answer.ok = 0;
      answer.code = static_cast<std::uint32_t>(Code::unavailable);
      return answer;
    case 'q': _exit(42);
    case 'n': answer.number += 1; return answer;
    case 'p':
      answer.width = 1u << 31;
      answer.height = 1u << 31;
      return answer;
    case 'u': answer.format = 99; return answer;
    case 'g': std::memset(static_cast<void*>(&answer), 0xff, sizeof answer); return answer;
    case 't':
      answer = escaped(request.number);
      answer.message = {'\x1b', '[', '2', 'J', '\n', 'h', 'i'};
      return answer;
    case 'b':
      answer = escaped(request.number);
      answer.message_bytes = 1u << 20;
      return answer;
    default: return answer;
  }
}

}  // namespace

int main() {
  const auto worker = enter_image_sandbox();
  if (!worker || !send_answer(WorkerAnswer{})) _exit(2);
  while (const auto request = receive_request()) {
    limit_cpu_time(worker->config.cpu_time_us);
    const WorkerAnswer answer = obey(worker->shared[0], *request, worker->shared);
    if (worker->shared[0] == '1') send(worker_socket, &answer, 10, MSG_NOSIGNAL);  // a packet of the wrong size
    if (!send_answer(answer)) break;
  }
  _exit(0);
}
