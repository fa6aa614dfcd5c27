#include "base/append_file.h"

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

[[noreturn]] void fail(const std::string& path, int error) {
  throw InputError(fmt::format("{}: cannot write it: {}", path, std::strerror(error)));
}

}  // namespace

AppendFile::AppendFile(std::string path, std::uint64_t offset)
    : path_(std::move(path)),
      offset_(offset),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)) {
  if (fd_ < 0) fail(path_, errno);
  struct stat info {};
  const auto close_and_keep = [&] {
    const int error = errno;
    ::close(fd_);
    return error;
  };
  if (::fstat(fd_, &info) != 0) fail(path_, close_and_keep());
  if (static_cast<std::uint64_t>(info.st_size) < offset) {
    ::close(fd_);
    throw InputError(fmt::format(
        "{}: has {} bytes, but the checkpoint was written when it had {}; it was changed since. "
        "Restore it, or start a new run",
        path_, static_cast<std::int64_t>(info.st_size), offset));
  }
  if (::ftruncate(fd_, static_cast<off_t>(offset)) != 0) fail(path_, close_and_keep());
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), offset_(other.offset_), fd_(std::exchange(other.fd_, -1)) {}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

void AppendFile::append(std::span<const std::byte> bytes) {
  std::uint64_t at = offset_;
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count < 0 ? errno : EIO;
      // Half a record would spoil those that follow. If even this fails, the error is the same.
      if (::ftruncate(fd_, static_cast<off_t>(offset_)) != 0) fail(path_, error);
      fail(path_, error);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  offset_ = at;
}

}  // namespace pare
