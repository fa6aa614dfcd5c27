#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// A .npz file open for reading: a zip archive of .npy files, stored or deflated. Without
/// PARE_WITH_ZIP, opening one throws InputError with the package to install.
class NpzReader {
 public:
  /// Throws InputError if the file is missing or no zip archive.
  explicit NpzReader(const std::string& path);
  ~NpzReader();
  NpzReader(NpzReader&&) noexcept;
  NpzReader& operator=(NpzReader&&) noexcept;

  /// Names of the arrays, without ".npy", in the order of the archive.
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;

  /// Throws InputError: no such array (names those there are), an entry that claims more bytes than
  /// deflate can pack into it or more than 64 GiB, damaged data, and whatever parse_npy refuses.
  /// Memory grows with what was unpacked, not with what the archive claims.
  Tensor read(const std::string& name) const;

 private:
  struct Archive;

  std::string path_;
  std::vector<std::string> names_;
  std::unique_ptr<Archive> archive_;
};

/// Arrays with their names, in the order in which they are written.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Writes a .npz file, deflated, atomically; equal arrays give equal bytes. Throws InputError as
/// write_file_atomic does.
void write_npz(const std::string& path, const NamedTensors& arrays);

}  // namespace pare::data
