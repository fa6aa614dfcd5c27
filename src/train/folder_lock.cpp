#include "train/folder_lock.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace pare::train {

FolderLock::FolderLock(const std::string& folder)
    : file_(open((folder + "/.lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
  if (file_ < 0) {
    throw InputError(fmt::format("{}: cannot write here: {}", folder, std::strerror(errno)));
  }
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    close(file_);
    throw InputError(fmt::format(
        "{}: another pare is running in this folder; wait for it or choose another with -o",
        folder));
  }
}

FolderLock::~FolderLock() { close(file_); }

}  // namespace pare::train
