#include "base/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace pare {
namespace {

/// Pointers to the texts, with the null pointer at the end that exec wants.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view variable_name(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::vector<std::string> environment_with(const std::vector<std::string>& additions) {
  std::vector<std::string> environment = additions;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool is_replaced = false;
    for (const std::string& addition : additions) {
      is_replaced = is_replaced || variable_name(addition) == variable_name(*entry);
    }
    if (!is_replaced) environment.emplace_back(*entry);
  }
  return environment;
}

struct ChildStart {
  char* const* arguments;
  char* const* environment;
  const char* output;
  const char* errors;
  pid_t parent;
  int error_pipe;  ///< gets errno if the program cannot be started
};

bool redirect(const char* path, int descriptor) {
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  return file >= 0 && dup2(file, descriptor) >= 0;
}

void reset_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGPIPE}) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Between fork and exec only calls that are safe in a signal handler are allowed.
[[noreturn]] void become_program(const ChildStart& start) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != start.parent) _exit(1);  // the parent had died before prctl
  reset_signals();
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && redirect(start.output, STDOUT_FILENO) &&
      redirect(start.errors, STDERR_FILENO)) {
    execvpe(start.arguments[0], start.arguments, start.environment);
  }
  const int error = errno;
  static_cast<void>(!write(start.error_pipe, &error, sizeof error));
  _exit(127);
}

}  // namespace

std::string describe(const ProcessEnd& end) {
  if (end.signal == 0) return fmt::format("exit code {}", end.exit_code);
  return fmt::format("killed by signal {} ({})", end.signal, strsignal(end.signal));
}

Process::Process(const Command& command) {
  check(!command.arguments.empty(), "Process: no program");
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_with(command.environment);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  std::array<int, 2> error_pipe{};
  if (pipe2(error_pipe.data(), O_CLOEXEC) != 0) {
    throw InputError(fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  }
  const ChildStart start{argument_pointers.data(),
                         environment_pointers.data(),
                         command.output.c_str(),
                         command.errors.c_str(),
                         getpid(),
                         error_pipe[1]};
  process_ = fork();
  if (process_ == 0) become_program(start);
  int error = process_ < 0 ? errno : 0;
  close(error_pipe[1]);
  // Empty, and closed by exec, if the program was started.
  if (process_ > 0) static_cast<void>(!read(error_pipe[0], &error, sizeof error));
  close(error_pipe[0]);
  if (error != 0) {
    if (process_ > 0) waitpid(std::exchange(process_, -1), nullptr, 0);
    throw InputError(fmt::format("cannot start {} with its output in {}: {}", arguments[0],
                                 command.output, std::strerror(error)));
  }
}

Process::~Process() {
  if (process_ < 0 || end_) return;
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Process::Process(Process&& other) noexcept
    : process_(std::exchange(other.process_, -1)), end_(other.end_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(end_, other.end_);
  return *this;
}

std::optional<ProcessEnd> Process::poll() {
  if (end_) return end_;
  siginfo_t info{};
  const auto id = static_cast<id_t>(process_);
  if (waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return end_;
  // Its number is ours until it is reaped: after that the group could be another's.
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  end_ = info.si_code == CLD_EXITED ? ProcessEnd{.exit_code = info.si_status}
                                    : ProcessEnd{.signal = info.si_status};
  return end_;
}

ProcessEnd Process::wait() {
  siginfo_t info{};
  while (true) {
    if (const auto end = poll()) return *end;
    // Leaves it for poll to reap; returns early if a signal comes.
    waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT);
  }
}

void Process::signal(int number) const {
  if (process_ > 0 && !end_) kill(-process_, number);
}

std::string tail_of(const std::string& path, std::size_t max_bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(file.tellg(), 0));
  const std::size_t length = std::min(size, max_bytes);
  std::string text(length, '\0');
  file.seekg(static_cast<std::streamoff>(size - length));
  file.read(text.data(), static_cast<std::streamsize>(length));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (length < size) {
    const std::size_t line_end = text.find('\n');
    if (line_end != std::string::npos && line_end + 1 < text.size()) text.erase(0, line_end + 1);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  // The JSON writer is the one at hand that replaces what is not UTF-8.
  using Json = nlohmann::json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
      .get<std::string>();
}

}  // namespace pare
