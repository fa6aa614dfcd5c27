// The process is a fork: it has the parent's code and memory and needs no program of its own on the
// disk. It sends messages through a pipe: a tag, the length, and the bytes. An array is its
// description in JSON, then the values as a .npy file, whose reader trusts nothing.
#include "data/isolated.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/process.h"
#include "data/npy.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PARE_SHADOW_MEMORY 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PARE_SHADOW_MEMORY 1
#endif

namespace pare::data {
namespace {

// A deflated block of two bits stands for at most 258 bytes.
constexpr std::uint64_t kMaxDeflateRatio = 1032;
constexpr std::uint64_t kMaxSmallMessage = std::uint64_t{1} << 20;
constexpr rlim_t kStartSeconds = 5;
constexpr std::uint64_t kBytesASecond = std::uint64_t{1} << 18;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

enum class Tag : char {
  kArray = 'A',
  kInputError = 'E',
  kInternalError = 'B',
  kNoMemory = 'M',
  kEnd = 'Z'
};

// ---- in the child ----

void write_all(int pipe, const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = write(pipe, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(1);  // nobody listens any more
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

void send(int pipe, Tag tag, std::string_view head, std::span<const std::byte> body = {}) {
  const std::uint64_t length = head.size() + body.size();
  write_all(pipe, &tag, sizeof tag);
  write_all(pipe, &length, sizeof length);
  write_all(pipe, head.data(), head.size());
  write_all(pipe, body.data(), body.size());
}

void send_array(int pipe, const FoundArray& array) {
  using Json = nlohmann::json;
  const Json description{{"name", array.name}, {"type", array.type}, {"shape", array.shape}};
  std::string head = description.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  if (!array.values) return send(pipe, Tag::kArray, head);
  send(pipe, Tag::kArray, head, format_npy(*array.values));
}

void set_limit(int what, rlim_t soft, rlim_t hard) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(what), &limit);
  if (limit.rlim_max != RLIM_INFINITY) {
    soft = std::min(soft, limit.rlim_max);
    hard = std::min(hard, limit.rlim_max);
  }
  limit = {soft, hard};
  setrlimit(static_cast<__rlimit_resource>(what), &limit);
}

// Not under the sanitizers, whose shadow memory is address space without bound.
#ifdef PARE_SHADOW_MEMORY
void limit_memory(std::uint64_t /*file_bytes*/) {}
#else
constexpr std::uint64_t kSpareBytes = std::uint64_t{256} << 20;

/// Bytes of address space that this process has now.
std::uint64_t address_space() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return std::uint64_t{pages} * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void limit_memory(std::uint64_t file_bytes) {
  const std::uint64_t memory = address_space() + 2 * max_array_bytes(file_bytes) + kSpareBytes;
  set_limit(RLIMIT_AS, memory, memory);
}
#endif

rlim_t seconds_for(std::uint64_t file_bytes) { return kStartSeconds + file_bytes / kBytesASecond; }

void confine(std::uint64_t file_bytes, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nowhere = open("/dev/null", O_RDWR);
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    dup2(nowhere, descriptor);
  set_limit(RLIMIT_CORE, 0, 0);
  const rlim_t seconds = seconds_for(file_bytes);
  set_limit(RLIMIT_CPU, seconds, seconds + 1);
  limit_memory(file_bytes);
}

/// Never returns: what the parent would do on its way out is not ours to do.
[[noreturn]] void work(int pipe, const std::function<void(const TakeArray&)>& find) {
  try {
    find([pipe](const FoundArray& array) { send_array(pipe, array); });
    send(pipe, Tag::kEnd, "");
  } catch (const InputError& error) {
    send(pipe, Tag::kInputError, error.what());
  } catch (const std::bad_alloc&) {
    send(pipe, Tag::kNoMemory, "");
  } catch (const std::exception& error) {
    send(pipe, Tag::kInternalError, error.what());
  }
  _exit(0);
}

// ---- in the parent ----

/// The child: killed if it still runs when this goes, and always reaped.
class Child {
 public:
  Child(pid_t id, int pipe) : id_(id), pipe_(pipe) {}
  ~Child() {
    if (id_ > 0) kill(id_, SIGKILL);
    end();
    close(pipe_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Fills `to`; the number of bytes is smaller only where the child has ended.
  std::size_t receive(std::span<std::byte> to) const {
    std::size_t count = 0;
    while (count < to.size()) {
      const ssize_t got = read(pipe_, to.data() + count, to.size() - count);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      count += static_cast<std::size_t>(got);
    }
    return count;
  }

  ProcessEnd end() {
    int status = 0;
    while (id_ > 0 && waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    if (id_ > 0) {
      end_ = WIFSIGNALED(status) ? ProcessEnd{.signal = WTERMSIG(status)}
                                 : ProcessEnd{.exit_code = WEXITSTATUS(status)};
    }
    id_ = -1;
    return end_;
  }

 private:
  pid_t id_;
  int pipe_;
  ProcessEnd end_;
};

[[noreturn]] void fail_dead(Child& child, const std::string& path, std::uint64_t file_bytes) {
  const ProcessEnd end = child.end();
  if (end.signal == SIGXCPU || end.signal == SIGKILL) {
    throw InputError(fmt::format(
        "{}: its reader was stopped after {} s of processor time ({}); the file is damaged, or "
        "needs far more work than its size says: write it again",
        path, seconds_for(file_bytes), describe(end)));
  }
  throw InputError(fmt::format(
      "{}: its reader broke down ({}): the file is damaged; write it again", path, describe(end)));
}

struct Message {
  Tag tag = Tag::kEnd;
  std::vector<std::byte> bytes;

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

Message receive(Child& child, const std::string& path, std::uint64_t file_bytes) {
  Message message;
  std::uint64_t length = 0;
  if (child.receive(std::as_writable_bytes(std::span(&message.tag, 1))) != sizeof message.tag ||
      child.receive(std::as_writable_bytes(std::span(&length, 1))) != sizeof length) {
    fail_dead(child, path, file_bytes);
  }
  if (length > max_array_bytes(file_bytes) + kMaxSmallMessage) {
    throw InputError(fmt::format(
        "{}: an array of {} bytes, more than a file of {} bytes can hold; the file is damaged",
        path, length, file_bytes));
  }
  while (message.bytes.size() < length) {
    const std::size_t filled = message.bytes.size();
    message.bytes.resize(filled + std::min<std::uint64_t>(kChunkBytes, length - filled));
    const auto rest = std::span(message.bytes).subspan(filled);
    if (child.receive(rest) != rest.size()) fail_dead(child, path, file_bytes);
  }
  return message;
}

FoundArray parse_array(const Message& message, const std::string& path) {
  const std::size_t head_bytes = std::min(message.text().find('\n'), message.bytes.size());
  const auto json = parse_json(message.text().substr(0, head_bytes), path);
  FoundArray array{.name = required<std::string>(json, "name", path),
                   .type = required<std::string>(json, "type", path),
                   .shape = required<Shape>(json, "shape", path)};
  const auto body =
      std::span(message.bytes).subspan(std::min(head_bytes + 1, message.bytes.size()));
  if (!body.empty())
    array.values = parse_npy(body, fmt::format("{}: array '{}'", path, array.name));
  return array;
}

std::uint64_t size_of_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw InputError(fmt::format("{}: no such file; check the path", path));
  }
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) throw InputError(fmt::format("{}: not a file that can be read", path));
  return bytes;
}

}  // namespace

std::uint64_t max_array_bytes(std::uint64_t file_bytes) {
  return std::min(file_bytes, (std::uint64_t{1} << 50)) * kMaxDeflateRatio;
}

void check_claim(std::span<const std::int64_t> shape, std::size_t element_bytes,
                 std::uint64_t file_bytes, const std::string& origin) {
  std::uint64_t elements = 0;
  try {
    elements = static_cast<std::uint64_t>(num_elements(shape));
  } catch (const InputError&) {
    throw InputError(
        fmt::format("{}: shape {} cannot be; the file is damaged", origin, to_string(shape)));
  }
  if (elements > max_array_bytes(file_bytes) / std::max<std::size_t>(element_bytes, 1)) {
    throw InputError(fmt::format(
        "{}: shape {} of {} bytes an element is more than a file of {} bytes can hold; the file is "
        "damaged",
        origin, to_string(shape), element_bytes, file_bytes));
  }
}

void find_isolated(const std::string& path, const std::function<void(const TakeArray& give)>& find,
                   const TakeArray& take) {
  const std::uint64_t file_bytes = size_of_file(path);
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
    throw InputError(fmt::format("{}: cannot start its reader: {}", path, std::strerror(errno)));
  }
  const pid_t parent = getpid();
  const pid_t id = fork();
  if (id == 0) {
    close(pipe[0]);
    confine(file_bytes, parent);
    work(pipe[1], find);
  }
  const int error = errno;
  close(pipe[1]);
  Child child(id, pipe[0]);
  if (id < 0) {
    throw InputError(fmt::format("{}: cannot start its reader: {}", path, std::strerror(error)));
  }
  while (true) {
    const Message message = receive(child, path, file_bytes);
    switch (message.tag) {
      case Tag::kArray:
        take(parse_array(message, path));
        continue;
      case Tag::kEnd:
        return;
      case Tag::kInputError:
        throw InputError(std::string(message.text()));
      case Tag::kNoMemory:
        throw InputError(
            fmt::format("{}: needs more memory than a file of {} bytes should; the file is damaged",
                        path, file_bytes));
      case Tag::kInternalError:
        throw_internal(fmt::format("{}: {}", path, message.text()), __FILE__, __LINE__);
    }
    throw InputError(fmt::format("{}: its reader sent what cannot be; the file is damaged", path));
  }
}

}  // namespace pare::data
