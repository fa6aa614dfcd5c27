#pragma once

#include <string>

namespace pare::train {

/// Holds a folder for this process while it lives: two runs in one folder would overwrite each
/// other. The kernel drops it when the process ends, however it ends.
class FolderLock {
 public:
  /// Throws InputError if another process holds the folder.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

}  // namespace pare::train
