#include "tests/support/postgres.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"

namespace fristad::testing {
namespace {

namespace fs = std::filesystem;

// The newest of those installed; Debian keeps each version in a folder of its own.
Result<std::string> find_programs() {
  std::string best;
  int best_version = 0;
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const int number = std::atoi(version.path().filename().c_str());
    if (number > best_version && fs::exists(version.path() / "bin/initdb", ignored)) {
      best = (version.path() / "bin").string();
      best_version = number;
    }
  }
  if (!best.empty()) return best;
  return Error{Code::not_found, "no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql"};
}

struct User {
  uid_t uid;
  gid_t gid;
};

User server_user() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  const passwd* found = getpwnam("postgres");
  if (found == nullptr) found = getpwnam("nobody");
  return found != nullptr ? User{found->pw_uid, found->pw_gid} : User{65534, 65534};
}

bool become(User user) {
  return geteuid() != 0 || (setgid(user.gid) == 0 && setuid(user.uid) == 0);
}

// Starts a program in `folder` as the server's user, its output in `log`; it ends when this process does.
pid_t spawn(const std::vector<std::string>& command, const std::string& folder) {
  const User user = server_user();
  const std::string log = folder + "/log";
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  // Only after the change of user, which would undo it.
  if (!become(user) || prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0 || getppid() != parent) _exit(126);
  if (chdir(folder.c_str()) != 0) _exit(126);
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  // What the test has open is none of the server's business, above all the pipe of the guardian.
  close_range(3, ~0u, 0);
  execv(arguments[0], arguments.data());
  _exit(127);
}

std::string last_words(const std::string& folder) {
  std::ifstream log(folder + "/log");
  std::stringstream text;
  text << log.rdbuf();
  const std::string all = text.str();
  return all.substr(all.size() > 1000 ? all.size() - 1000 : 0);
}

// The server writes into its file what it is doing: the process on line 1, "ready" on line 8.
bool is_ready(const std::string& folder, pid_t server) {
  std::ifstream file(folder + "/data/postmaster.pid");
  std::string line;
  for (int number = 1; std::getline(file, line); number++) {
    if (number == 1 && line != std::to_string(server)) return false;
    if (number == 8) return line.starts_with("ready");
  }
  return false;
}

// Waits until nobody holds the other end of the pipe, then stops the server and removes its folder.
[[noreturn]] void guard(int pipe, const std::string& folder) {
  setsid();
  char byte = 0;
  while (read(pipe, &byte, 1) < 0 && errno == EINTR) {
  }
  std::ifstream file(folder + "/data/postmaster.pid");
  pid_t server = 0;
  if (file >> server && server > 1) {
    kill(server, SIGQUIT);
    for (int i = 0; i < 500 && kill(server, 0) == 0; i++) usleep(10'000);
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  _exit(0);
}

}  // namespace

Result<TemporaryPostgres> TemporaryPostgres::start() {
  TemporaryPostgres made;
  made.programs_ = TRY(find_programs());
  std::string pattern = (fs::temp_directory_path() / "fristad-postgres-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return os_error("cannot create a folder for PostgreSQL", errno);
  made.folder_ = pattern;
  const User user = server_user();
  if (chown(pattern.c_str(), user.uid, user.gid) != 0) return os_error("cannot give the folder away", errno);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return os_error("cannot open a pipe", errno);
  const UniqueFd reading(ends[0]);
  made.guarded_ = UniqueFd(ends[1]);
  made.guardian_ = fork();
  if (made.guardian_ == 0) {
    made.guarded_.reset();
    guard(reading.get(), made.folder_);
  }

  const std::string password_file = made.folder_ + "/password";
  std::ofstream(password_file) << password() << '\n';
  if (chown(password_file.c_str(), user.uid, user.gid) != 0) return os_error("cannot give a file away", errno);
  const pid_t initdb =
      spawn({made.programs_ + "/initdb", "--pgdata=" + made.folder_ + "/data", "--username=fristad_test",
             "--auth=scram-sha-256", "--pwfile=" + password_file, "--encoding=UTF8", "--locale=C", "--no-sync"},
            made.folder_);
  int status = 0;
  if (waitpid(initdb, &status, 0) != initdb || status != 0) {
    return Error{Code::unavailable, "initdb failed: " + last_words(made.folder_)};
  }
  TRY(made.launch());
  return made;
}

TemporaryPostgres* TemporaryPostgres::shared() {
  static Result<TemporaryPostgres> only = [] {
    Result<TemporaryPostgres> started = start();
    if (!started) std::cerr << started.error().message << '\n';
    return started;
  }();
  return only ? &*only : nullptr;
}

TemporaryPostgres::TemporaryPostgres(TemporaryPostgres&& other) noexcept
    : programs_(std::move(other.programs_)),
      folder_(std::move(other.folder_)),
      server_(std::exchange(other.server_, -1)),
      guardian_(std::exchange(other.guardian_, -1)),
      guarded_(std::move(other.guarded_)) {}

TemporaryPostgres::~TemporaryPostgres() {
  if (server_ > 0) {
    kill(server_, SIGQUIT);
    waitpid(server_, nullptr, 0);
  }
  guarded_.reset();
  if (guardian_ > 0) waitpid(guardian_, nullptr, 0);
}

std::string TemporaryPostgres::conninfo(const std::string& user, const std::string& with_password) const {
  return "host=" + folder_ + " dbname=postgres user=" + user + " password='" + with_password + "'";
}

Status TemporaryPostgres::launch() {
  const auto begin = std::chrono::steady_clock::now();
  // After a kill the old server's children may hold its memory for a moment: it refuses until they are gone.
  while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(60)) {
    server_ = spawn({programs_ + "/postgres", "-D", folder_ + "/data", "-k", folder_, "-c", "listen_addresses=", "-c",
                     "fsync=on", "-c", "shared_buffers=16MB", "-c", "max_connections=30", "-c", "autovacuum=off"},
                    folder_);
    while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(60)) {
      if (is_ready(folder_, server_)) return {};
      if (waitpid(server_, nullptr, WNOHANG) == server_) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (waitpid(server_, nullptr, WNOHANG) == 0) {
    kill(server_, SIGKILL);
    waitpid(server_, nullptr, 0);
  }
  server_ = -1;
  return Error{Code::unavailable, "PostgreSQL doesn't start: " + last_words(folder_)};
}

Status TemporaryPostgres::kill9() {
  if (kill(server_, SIGKILL) != 0) return os_error("cannot kill PostgreSQL", errno);
  waitpid(std::exchange(server_, -1), nullptr, 0);
  return {};
}

Status TemporaryPostgres::restart() {
  if (server_ > 0) TRY(kill9());
  return launch();
}

}  // namespace fristad::testing
