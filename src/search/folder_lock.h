#pragma once

#include <string>

namespace pare::search {

/// Holds the output folder of a sweep or search for this process and the workers that it starts:
/// they inherit the lock, so that one that was killed can be started again only when its workers
/// are gone.
class FolderLock {
 public:
  /// Waits a few seconds for workers that are just being killed. Throws InputError if the folder
  /// cannot be written, or is still held then.
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

}  // namespace pare::search
