#include "hash/sandbox_worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>

#include "base/try.h"
#include "fristad/image.h"
#include "fristad/sandbox.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRISTAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FRISTAD_SANITIZED 1
#endif
#endif
#ifndef FRISTAD_SANITIZED
#define FRISTAD_SANITIZED 0
#endif

namespace fristad {
namespace {

constexpr bool sanitized = FRISTAD_SANITIZED != 0;  // sanitizers map terabytes and make system calls of their own

constexpr int kept_memory_bytes = 16 << 20;  // of freed memory; what is larger goes back

Error failed(const char* what) {
  return Error{Code::internal, std::string("image worker: cannot ") + what + ": " + std::strerror(errno)};
}

// One packet of exactly this type.
template <class Packet>
bool receive(Packet& packet) {
  ssize_t bytes = 0;
  do {
    bytes = recv(worker_socket, &packet, sizeof packet, MSG_TRUNC);
  } while (bytes < 0 && errno == EINTR);
  return bytes == static_cast<ssize_t>(sizeof packet);
}

bool limit(decltype(RLIMIT_AS) resource, std::uint64_t most) {
  const rlimit both{most, most};
  return setrlimit(resource, &both) == 0;
}

Status give_up_resources(const WorkerConfig& config) {
  if (close_range(worker_memory, ~0u, 0) != 0) return failed("close inherited files");
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return failed("become undumpable");
  if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_FSIZE, 0)) return failed("limit its files");
  if (!sanitized && !limit(RLIMIT_AS, config.memory_bytes_max)) return failed("limit its memory");
  if (!limit(RLIMIT_NOFILE, 0)) return failed("limit its open files");
  return {};
}

// Allows a call, where its arguments are as named.
bool allow(scmp_filter_ctx filter, int call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, static_cast<unsigned>(arguments.size()),
                                arguments.begin()) == 0;
}

bool add_rules(scmp_filter_ctx filter) {
  const auto first_is = [](int value) { return scmp_arg_cmp{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(value), 0}; };
  // Memory, but never of a file and never executable.
  bool added = allow(filter, SCMP_SYS(mmap),
                     {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}, {3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS}});
  for (const int call : {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)}) {
    added = added && allow(filter, call);
  }
  added = added && allow(filter, SCMP_SYS(recvfrom), {first_is(worker_socket)}) &&
          allow(filter, SCMP_SYS(sendto), {first_is(worker_socket)});
  for (const int call : {SCMP_SYS(clock_gettime), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex),
                         SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigreturn), SCMP_SYS(setitimer)}) {
    added = added && allow(filter, call);
  }
  // What abort() needs, so that it shows as an abort.
  for (const int call : {SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask)}) {
    added = added && allow(filter, call);
  }
  added = added && allow(filter, SCMP_SYS(tgkill), {first_is(getpid())}) &&
          allow(filter, SCMP_SYS(write), {first_is(STDERR_FILENO)}) &&
          allow(filter, SCMP_SYS(writev), {first_is(STDERR_FILENO)});
  if (sanitized) {
    for (const int call : {SCMP_SYS(clock_nanosleep), SCMP_SYS(mprotect), SCMP_SYS(nanosleep), SCMP_SYS(prctl),
                           SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(sigaltstack)}) {
      added = added && allow(filter, call);
    }
  }
  return added;
}

Status give_up_system_calls() {
  const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_KILL_PROCESS),
                                                      [](void* context) { seccomp_release(context); });
  if (filter == nullptr || !add_rules(filter.get()) || seccomp_load(filter.get()) != 0) {
    return failed("set up its system call filter");
  }
  return {};
}

WorkerAnswer answer_to(const WorkerRequest& request, const SandboxedWorker& worker, const ImageLimits& limits) {
  WorkerAnswer answer;
  answer.number = request.number;
  const auto image =
      hash_image(worker.shared.first(std::min<std::size_t>(request.bytes, worker.shared.size())), limits);
  if (!image) {
    answer.code = static_cast<std::uint32_t>(image.error().code);
    answer.message_bytes =
        static_cast<std::uint32_t>(image.error().message.copy(answer.message.data(), answer.message.size()));
    return answer;
  }
  answer.ok = 1;
  answer.format = static_cast<std::uint32_t>(image->format);
  answer.quality = static_cast<std::uint32_t>(image->pdq.quality);
  answer.width = image->width;
  answer.height = image->height;
  answer.hashes = image->pdq.dihedral;
  return answer;
}

// Memory stays here from one image to the next: the system calls and page faults for it cost more than a twentieth of
// the time of a small image.
void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, kept_memory_bytes);
  mallopt(M_TRIM_THRESHOLD, kept_memory_bytes);
}

int serve(const SandboxedWorker& worker) {
  keep_memory();
  const ImageLimits limits{.bytes_max = worker.config.bytes_max,
                           .pixels_max = worker.config.pixels_max,
                           .scans_max = static_cast<int>(worker.config.scans_max)};
  if (!send_answer(WorkerAnswer{})) return 1;
  while (const auto request = receive_request()) {
    // The clock runs on until the next image sets it anew, but it stands still while there is nothing to do.
    limit_cpu_time(worker.config.cpu_time_us);
    if (!send_answer(answer_to(*request, worker, limits))) return 1;
  }
  return 0;
}

}  // namespace

Result<SandboxedWorker> enter_image_sandbox() {
  SandboxedWorker worker;
  if (!receive(worker.config) || worker.config.magic != WorkerConfig::expected_magic) {
    return Error{Code::invalid_argument, "image worker: this command line is only for fristad's own use"};
  }
  // All that the parent may ever use, which is mostly beyond the end of the memory for now; it grows there.
  void* const shared = mmap(nullptr, worker.config.shared_bytes, PROT_READ, MAP_SHARED, worker_memory, 0);
  if (shared == MAP_FAILED) return failed("map the shared memory");
  worker.shared = {static_cast<const std::uint8_t*>(shared), worker.config.shared_bytes};
  TRY(give_up_resources(worker.config));
  TRY(give_up_system_calls());
  return worker;
}

std::optional<WorkerRequest> receive_request() {
  WorkerRequest request;
  if (!receive(request)) return std::nullopt;
  return request;
}

bool send_answer(const WorkerAnswer& answer) {
  ssize_t bytes = 0;
  do {
    bytes = send(worker_socket, &answer, sizeof answer, MSG_NOSIGNAL);
  } while (bytes < 0 && errno == EINTR);
  return bytes == static_cast<ssize_t>(sizeof answer);
}

void limit_cpu_time(std::uint64_t time_us) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(time_us / 1'000'000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(time_us % 1'000'000);
  setitimer(ITIMER_PROF, &timer, nullptr);
}

std::optional<int> run_image_worker(int argc, char** argv) {
  if (argc != 2 || std::strcmp(argv[1], worker_argument) != 0) return std::nullopt;
  const auto worker = enter_image_sandbox();
  if (!worker) {
    std::fprintf(stderr, "%s\n", worker.error().message.c_str());
    return 2;
  }
  // Nothing may run after this that wants more than the filter allows: no destructors, no flushing of files.
  _exit(serve(*worker));
}

}  // namespace fristad
