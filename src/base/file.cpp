#include "base/file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace pare {
namespace {

[[noreturn]] void fail(std::string_view doing, const std::string& path, int error) {
  std::string_view advice;
  if (error == ENOENT) advice = "; check the path";
  if (error == ENOSPC || error == EDQUOT) advice = "; free some space, then run it again";
  if (error == EACCES || error == EROFS)
    advice = "; choose another folder or change its permissions";
  throw InputError(fmt::format("{}: cannot {}: {}{}", path, doing, std::strerror(error), advice));
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// An open file, closed when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int get() const { return fd_; }

  /// 0, or -1 with errno set. Never repeated: after EINTR the descriptor is closed on Linux.
  int close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 ? 0 : ::close(fd);
  }

 private:
  int fd_;
};

/// More than the machine's memory cannot be held, and a sparse file can claim any size.
bool fits_memory(off_t size) {
  const auto pages = static_cast<double>(::sysconf(_SC_PHYS_PAGES));
  return static_cast<double>(size) <= pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

template <class Buffer>
Buffer read_whole(const std::string& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
  const Descriptor file(
      retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (file.get() < 0) fail("read it", path, errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail("read it", path, errno);
  if (S_ISDIR(info.st_mode)) throw InputError(path + ": is a folder, expected a file");
  if (!S_ISREG(info.st_mode)) {
    throw InputError(path + ": is a device or a pipe, expected a file; save its contents first");
  }
  if (!fits_memory(info.st_size)) {
    throw InputError(fmt::format("{}: {} bytes, more than this machine's memory", path,
                                 static_cast<std::int64_t>(info.st_size)));
  }

  // One byte more than the size, so that the last read finds the end without growing the buffer.
  Buffer contents(static_cast<std::size_t>(info.st_size) + 1, {});
  std::size_t filled = 0;
  while (true) {
    if (filled == contents.size()) contents.resize(2 * contents.size());
    const ssize_t count = retry(
        [&] { return ::read(file.get(), contents.data() + filled, contents.size() - filled); });
    if (count < 0) fail("read it", path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  contents.resize(filled);
  return contents;
}

/// 0 or the error number.
int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (count < 0) return errno;
    if (count == 0) return EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return 0;
}

/// Unique among processes (their number) and threads (a count).
std::string temporary_name(const std::string& path) {
  static std::atomic<std::uint64_t> count = 0;
  return fmt::format("{}.tmp-{}-{}", path, ::getpid(), count++);
}

/// A rename survives a power cut only once its folder is on the disk too. File systems that cannot
/// do this for folders are left alone.
void flush_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor directory(
      retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (directory.get() >= 0) retry([&] { return ::fsync(directory.get()); });
}

/// A device or a pipe holds nothing that could be kept whole, and must not be replaced by a file.
bool is_special(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

void write_special(const std::string& path, std::span<const std::byte> bytes) {
  const Descriptor file(retry([&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC); }));
  if (file.get() < 0) fail("write it", path, errno);
  if (const int error = write_all(file.get(), bytes)) fail("write it", path, error);
}

}  // namespace

std::vector<std::byte> read_file(const std::string& path) {
  return read_whole<std::vector<std::byte>>(path);
}

std::string read_text(const std::string& path) { return read_whole<std::string>(path); }

void write_file_atomic(const std::string& path, std::span<const std::byte> bytes) {
  if (is_special(path)) return write_special(path, bytes);

  const std::string temporary = temporary_name(path);
  Descriptor file(retry(
      [&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }));
  if (file.get() < 0) fail("write it", path, errno);

  int error = write_all(file.get(), bytes);
  if (error == 0 && retry([&] { return ::fsync(file.get()); }) != 0) error = errno;
  // A disk may report that it is full only here.
  if (file.close() != 0 && error == 0 && errno != EINTR) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail("write it", path, error);
  }
  flush_folder_of(path);
}

void write_file_atomic(const std::string& path, std::string_view text) {
  write_file_atomic(path, std::as_bytes(std::span(text)));
}

}  // namespace pare
