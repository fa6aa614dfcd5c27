#include "search/folder_lock.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace pare::search {
namespace {

constexpr int kAttempts = 40;
constexpr std::chrono::milliseconds kPause{50};

bool take(int file) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

}  // namespace

// Not O_CLOEXEC: workers inherit it.
FolderLock::FolderLock(const std::string& folder)
    : file_(open((folder + "/.lock").c_str(), O_CREAT | O_RDWR, 0644)) {
  if (file_ < 0) {
    throw InputError(fmt::format("{}: cannot write here: {}", folder, std::strerror(errno)));
  }
  if (!take(file_)) {
    close(file_);
    throw InputError(
        fmt::format("{}: another sweep or search, or a worker that one left behind, still runs in "
                    "this folder; wait for "
                    "it or choose another folder with -o",
                    folder));
  }
}

FolderLock::~FolderLock() { close(file_); }

}  // namespace pare::search
