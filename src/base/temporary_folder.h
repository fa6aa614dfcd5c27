#pragma once

#include <string>

namespace pare {

/// A new empty folder below the system's place for temporary files ($TMPDIR or /tmp), removed with
/// all that is in it when this object goes.
class TemporaryFolder {
 public:
  /// Throws InputError naming the place if it cannot be made.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  /// The path of `name` in the folder.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace pare
