#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pare {

/// A program to start.
struct Command {
  std::vector<std::string> arguments;    ///< the program, looked up in PATH, and its arguments
  std::vector<std::string> environment;  ///< "NAME=value", besides this process's own environment
  std::string output;                    ///< file for its stdout, overwritten
  std::string errors;                    ///< file for its stderr, overwritten
};

/// How a process ended: its exit code, or the signal that killed it.
struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  ///< 0: it exited by itself

  bool is_success() const { return exit_code == 0 && signal == 0; }
};

/// "exit code 3", "killed by signal 9 (Killed)".
std::string describe(const ProcessEnd& end);

/// A process in a group of its own (a Ctrl-C on the terminal doesn't reach it) that the kernel
/// kills when the thread that started it ends, however it ends. What is left of its group when it
/// ends is killed as well. The destructor kills it.
class Process {
 public:
  /// Throws InputError if the program cannot be started.
  explicit Process(const Command& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  /// How it ended; nothing while it runs.
  std::optional<ProcessEnd> poll();

  /// How it ended, once it has.
  ProcessEnd wait();

  /// Sends a signal to the whole group.
  void signal(int number) const;

 private:
  pid_t process_ = -1;
  std::optional<ProcessEnd> end_;
};

/// The end of a text file, whole lines of at most `max_bytes` in all, as valid UTF-8. "" if it
/// cannot be read.
std::string tail_of(const std::string& path, std::size_t max_bytes);

}  // namespace pare
