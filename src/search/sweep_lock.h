#pragma once

#include <string>

namespace pare::search {

/// Holds the output folder of a sweep for this process and the workers that it starts: they inherit
/// the lock, so that a sweep that was killed can be started again only when its workers are gone.
class SweepLock {
 public:
  /// Waits a few seconds for workers that are just being killed. Throws InputError if the folder
  /// cannot be written, or is still held then.
  explicit SweepLock(const std::string& folder);
  ~SweepLock();
  SweepLock(const SweepLock&) = delete;
  SweepLock& operator=(const SweepLock&) = delete;

 private:
  int file_;
};

}  // namespace pare::search
