#include "fristad/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/try.h"
#include "hash/sandbox_protocol.h"

namespace fristad {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kept_bytes_max = 16u << 20;  // of shared memory, after a larger image
constexpr std::size_t growth_bytes = 256u << 10;
constexpr milliseconds start_time_max{10'000};
constexpr milliseconds death_time_max{1'000};

Error unavailable(const std::string& what) {
  return Error{Code::unavailable, "image worker: " + what + ": " + std::strerror(errno)};
}

Error malformed_answer() {
  return Error{Code::unavailable, "the image worker gave a malformed answer"};
}

// A copy of a descriptor at a number that can't be one of those that the worker expects.
Result<UniqueFd> moved_up(int fd) {
  constexpr int safe = 16;
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, safe));
  if (copy.get() < 0) return unavailable("cannot prepare its files");
  return copy;
}

// Memory that this process writes and its workers can only read. It grows with the images; the addresses for the
// largest are reserved from the start, so that it never moves.
class SharedMemory {
 public:
  static Result<SharedMemory> create(std::size_t bytes_max) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    SharedMemory memory;
    memory.reserved_ = (bytes_max / page + 1) * page;
    memory.fd_ = UniqueFd(memfd_create("fristad-image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (memory.fd_.get() < 0) return unavailable("cannot create shared memory");
    void* const base = mmap(nullptr, memory.reserved_, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd_.get(), 0);
    if (base == MAP_FAILED) return unavailable("cannot reserve shared memory");
    memory.base_ = static_cast<std::uint8_t*>(base);
    if (fcntl(memory.fd_.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE) != 0) return unavailable("cannot seal shared memory");
    return memory;
  }
  SharedMemory(SharedMemory&& other) noexcept
      : fd_(std::move(other.fd_)),
        base_(std::exchange(other.base_, nullptr)),
        reserved_(other.reserved_),
        size_(other.size_) {}
  SharedMemory& operator=(SharedMemory&&) = delete;
  ~SharedMemory() {
    if (base_ != nullptr) munmap(base_, reserved_);
  }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::size_t reserved() const { return reserved_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint8_t* base() const { return base_; }

  Status grow(std::size_t size) {
    if (size <= size_) return {};
    const std::size_t target = std::min(reserved_, (size / growth_bytes + 1) * growth_bytes);
    if (ftruncate(fd_.get(), static_cast<off_t>(target)) != 0) return unavailable("cannot grow shared memory");
    size_ = target;
    return {};
  }

  // Zeros in place of what was written. After a large image the pages go back; the addresses stay valid.
  void wipe(std::size_t used) {
    if (used <= kept_bytes_max) {
      std::memset(base_, 0, used);
    } else if (ftruncate(fd_.get(), 0) != 0 || ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) {
      std::memset(base_, 0, used);
    }
  }

 private:
  SharedMemory() = default;

  UniqueFd fd_;
  std::uint8_t* base_ = nullptr;
  std::size_t reserved_ = 0;
  std::size_t size_ = 0;
};

// The parts of the environment that the loader and sanitizers need; the rest is no business of a worker.
std::vector<char*> worker_environment(std::string& marker) {
  static constexpr std::string_view kept[] = {"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (std::any_of(std::begin(kept), std::end(kept), [&](auto name) { return text.substr(0, name.size()) == name; })) {
      environment.push_back(*variable);
    }
  }
  marker = std::string(worker_variable) + "=1";
  environment.push_back(marker.data());
  environment.push_back(nullptr);
  return environment;
}

// Starts the program with these two files, all signals as they are by default, and nothing on the standard ones. What a
// terminal sends to all of its processes is this one's to act on: a worker ends when its socket does.
Result<pid_t> spawn(const std::string& program, int socket, int memory) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&files) != 0) return unavailable("cannot start");
  if (posix_spawnattr_init(&attributes) != 0) {
    posix_spawn_file_actions_destroy(&files);
    return unavailable("cannot start");
  }
  sigset_t all;
  sigset_t from_terminal;
  sigfillset(&all);
  sigemptyset(&from_terminal);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&from_terminal, number);
  int error = 0;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    error |= posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  }
  error |= posix_spawn_file_actions_adddup2(&files, socket, worker_socket);
  error |= posix_spawn_file_actions_adddup2(&files, memory, worker_memory);
  error |= posix_spawnattr_setsigdefault(&attributes, &all);
  error |= posix_spawnattr_setsigmask(&attributes, &from_terminal);
  error |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

  const std::string path = program.empty() ? "/proc/self/exe" : program;
  std::string name = "fristad";
  std::string argument = worker_argument;
  std::string marker;
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  const std::vector<char*> environment = worker_environment(marker);
  pid_t pid = -1;
  if (error == 0) error = posix_spawn(&pid, path.c_str(), &files, &attributes, arguments, environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error == 0) return pid;
  errno = error;
  return unavailable("cannot start " + path);
}

// One worker process and the socket to it.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { kill_and_reap(); }

  [[nodiscard]] bool running() const { return pid_ > 0; }

  // Starts it and waits until it has given up its rights.
  Status start(const SandboxOptions& options, const SharedMemory& memory) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return unavailable("cannot create a socket");
    socket_ = UniqueFd(ends[0]);
    const UniqueFd other(ends[1]);
    const UniqueFd worker_end = TRY(moved_up(other.get()));
    const UniqueFd memory_end = TRY(moved_up(memory.fd()));
    pid_ = TRY(spawn(options.program, worker_end.get(), memory_end.get()));
    WorkerConfig config;
    config.shared_bytes = memory.reserved();
    config.memory_bytes_max = options.memory_bytes_max;
    config.cpu_time_us = static_cast<std::uint64_t>(std::max<std::int64_t>(1, options.cpu_time_max.count()) * 1000);
    config.bytes_max = options.limits.bytes_max;
    config.pixels_max = options.limits.pixels_max;
    config.scans_max = static_cast<std::uint64_t>(std::max(0, options.limits.scans_max));
    if (!send_packet(config)) return lost(options);
    return {};
  }

  // The other end must be closed here before a dead worker can be noticed, so it is a step of its own.
  Status await_ready(const SandboxOptions& options) {
    const WorkerAnswer ready = TRY(receive(Clock::now() + start_time_max, options));
    if (ready.number == 0) return {};
    kill_and_reap();
    return Error{Code::unavailable, "image worker: it doesn't behave like one: is run_image_worker() called first?"};
  }

  [[nodiscard]] bool send_packet(const auto& packet) {
    ssize_t bytes = 0;
    do {
      bytes = send(socket_.get(), &packet, sizeof packet, MSG_NOSIGNAL);
    } while (bytes < 0 && errno == EINTR);
    return bytes == static_cast<ssize_t>(sizeof packet);
  }

  // Moves it to the processor that this thread runs on: for a caller that does nothing but wait. Waking a process on
  // another processor may take a tenth of a millisecond.
  void follow() {
    const int here = sched_getcpu();
    if (here < 0 || here == processor_) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(here), &set);
    if (sched_setaffinity(pid_, sizeof set, &set) == 0) processor_ = here;
  }

  // The next answer, or what became of the worker instead; then it runs no longer.
  Result<WorkerAnswer> receive(Clock::time_point deadline, const SandboxOptions& options) {
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
      pollfd waited{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      const auto left_ms = std::clamp<std::int64_t>(left.count(), 0, 1 << 30);
      const int ready = poll(&waited, 1, static_cast<int>(left_ms));
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0) return unavailable("cannot wait for it");
      if (ready == 0) {
        if (left_ms == 1 << 30) continue;
        kill_and_reap();
        return Error{Code::deadline_exceeded,
                     "decoding took longer than " + std::to_string(options.wall_time_max.count()) + " ms"};
      }
      WorkerAnswer answer;
      const ssize_t bytes = recv(socket_.get(), &answer, sizeof answer, MSG_TRUNC | MSG_DONTWAIT);
      if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (bytes == static_cast<ssize_t>(sizeof answer)) return answer;
      if (bytes > 0) {
        kill_and_reap();
        return malformed_answer();
      }
      return lost(options);
    }
  }

  void kill_and_reap() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    reap();
  }

 private:
  // Waits for the end of the process; its wait status, or -1 if someone else took it.
  int reap() {
    int status = -1;
    pid_t reaped = 0;
    do {
      reaped = waitpid(pid_, &status, 0);
    } while (reaped < 0 && errno == EINTR);
    const bool ours = reaped == pid_;
    pid_ = -1;
    processor_ = -1;
    socket_.reset();
    return ours ? status : -1;
  }

  // The error for a worker that hung up. It is about to end; if it isn't, it is made to.
  Error lost(const SandboxOptions& options) {
    const auto deadline = Clock::now() + death_time_max;
    siginfo_t ended{};
    while (Clock::now() < deadline) {
      ended.si_pid = 0;
      if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0) break;
      std::this_thread::sleep_for(milliseconds(1));
    }
    kill(pid_, SIGKILL);
    const int status = reap();
    if (status == -1) return Error{Code::unavailable, "the image worker ended"};
    if (WIFEXITED(status)) {
      return Error{Code::unavailable, "the image worker ended with status " + std::to_string(WEXITSTATUS(status))};
    }
    switch (WTERMSIG(status)) {
      case SIGPROF:
        return Error{
            Code::deadline_exceeded,
            "decoding took more than " + std::to_string(options.cpu_time_max.count()) + " ms of processor time"};
      case SIGSYS:
        return Error{Code::unavailable,
                     "the image worker was killed for a forbidden system call: the image may be "
                     "made to attack decoders"};
      default: break;
    }
    const char* name = sigabbrev_np(WTERMSIG(status));
    return Error{Code::unavailable, std::string("the image worker was killed by signal SIG") +
                                        (name == nullptr ? std::to_string(WTERMSIG(status)) : name)};
  }

  pid_t pid_ = -1;
  int processor_ = -1;  // that it was moved to
  UniqueFd socket_;
};

// A worker may have been taken over by the image that it decoded: nothing that it says is believed unseen.
bool is_well_formed(const WorkerAnswer& answer, std::uint64_t number, const SandboxOptions& options) {
  if (answer.number != number || answer.ok > 1) return false;
  if (answer.ok == 0) {
    return answer.code <= static_cast<std::uint32_t>(Code::internal) && answer.message_bytes <= answer.message.size();
  }
  const bool known_format = answer.format == static_cast<std::uint32_t>(ImageFormat::jpeg) ||
                            answer.format == static_cast<std::uint32_t>(ImageFormat::png);
  return known_format && answer.quality <= 100 && answer.width > 0 && answer.height > 0 &&
         std::uint64_t{answer.width} * answer.height <= options.limits.pixels_max;
}

Result<ImageHash> result_of(const WorkerAnswer& answer) {
  if (answer.ok == 0) {
    std::string message(answer.message.data(), answer.message_bytes);
    std::replace_if(
        message.begin(), message.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return Error{static_cast<Code>(answer.code), std::move(message)};
  }
  return ImageHash{
      .pdq = {.hash = answer.hashes[0], .quality = static_cast<int>(answer.quality), .dihedral = answer.hashes},
      .format = static_cast<ImageFormat>(answer.format),
      .width = answer.width,
      .height = answer.height};
}

}  // namespace

struct ImageHasher::Impl {
  Impl(SandboxOptions with, SharedMemory shared) : options(std::move(with)), memory(std::move(shared)) {}

  Status ensure_worker() {
    if (worker.running()) return {};
    Status status = worker.start(options, memory);
    if (status) status = worker.await_ready(options);
    if (!status) worker.kill_and_reap();
    return status;
  }

  SandboxOptions options;
  SharedMemory memory;
  Worker worker;
  std::uint64_t number = 0;  // of the last image submitted
  std::size_t submitted_bytes = 0;
  bool pending = false;
  Clock::time_point deadline;
};

ImageHasher::ImageHasher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageHasher::~ImageHasher() = default;
ImageHasher::ImageHasher(ImageHasher&&) noexcept = default;
ImageHasher& ImageHasher::operator=(ImageHasher&&) noexcept = default;

Result<ImageHasher> ImageHasher::start(const SandboxOptions& options) {
  if (std::getenv(worker_variable) != nullptr) {
    return Error{Code::internal, "image worker: this program doesn't call run_image_worker() before anything else"};
  }
  auto memory = TRY(SharedMemory::create(options.limits.bytes_max));
  auto impl = std::make_unique<Impl>(options, std::move(memory));
  TRY(impl->ensure_worker());
  return ImageHasher(std::move(impl));
}

Result<std::span<std::uint8_t>> ImageHasher::buffer(std::size_t size) {
  Impl& impl = *impl_;
  if (impl.pending) return Error{Code::invalid_argument, "an image is still being hashed: call wait() first"};
  if (size > impl.options.limits.bytes_max) {
    return Error{Code::too_large, "a file of " + std::to_string(size) + " bytes, over the limit of " +
                                      std::to_string(impl.options.limits.bytes_max)};
  }
  TRY(impl.memory.grow(size));
  return std::span(impl.memory.base(), size);
}

Status ImageHasher::submit(std::size_t size) {
  Impl& impl = *impl_;
  if (impl.pending) return Error{Code::invalid_argument, "an image is still being hashed: call wait() first"};
  if (size > impl.memory.size()) return Error{Code::invalid_argument, "more than the bytes that buffer() gave"};
  TRY(impl.ensure_worker());
  const WorkerRequest request{.number = ++impl.number, .bytes = size};
  if (!impl.worker.send_packet(request)) {
    // It died while it had nothing to do; that is not the fault of this image.
    impl.worker.kill_and_reap();
    TRY(impl.ensure_worker());
    if (!impl.worker.send_packet(request)) return unavailable("cannot be reached");
  }
  impl.pending = true;
  impl.submitted_bytes = size;
  impl.deadline = Clock::now() + impl.options.wall_time_max;
  return {};
}

Result<ImageHash> ImageHasher::wait() {
  Impl& impl = *impl_;
  if (!impl.pending) return Error{Code::invalid_argument, "no image was submitted"};
  impl.pending = false;
  const auto answer = impl.worker.receive(impl.deadline, impl.options);
  impl.memory.wipe(impl.submitted_bytes);
  if (!answer) return answer.error();
  if (is_well_formed(*answer, impl.number, impl.options)) return result_of(*answer);
  impl.worker.kill_and_reap();
  return malformed_answer();
}

Result<ImageHash> ImageHasher::hash(std::span<const std::uint8_t> bytes) {
  const auto room = TRY(buffer(bytes.size()));
  if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
  TRY(impl_->ensure_worker());
  impl_->worker.follow();
  TRY(submit(bytes.size()));
  return wait();
}

}  // namespace fristad
