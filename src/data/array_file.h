#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "data/npz.h"

namespace pare::data {

/// The ending of a file name with its dot, in lower case: ".npz". Empty where there is none.
std::string extension(const std::string& path);

/// Whether a file of this name holds arrays with names: .npz, .mat, .h5, .hdf5.
bool has_named_arrays(const std::string& path);

/// A file of named arrays, open for reading. REQUIRES: has_named_arrays(path).
class ArrayFile {
 public:
  /// Throws InputError as NpzReader, find_mat_arrays and find_hdf5_arrays do.
  explicit ArrayFile(const std::string& path);

  /// In the order of the file.
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;

  /// Throws InputError as NpzReader::read, read_mat and read_hdf5 do.
  Tensor read(const std::string& name) const;

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::optional<NpzReader> npz_;  ///< of a .npz file
};

/// The array of a .npy file, an ENVI header's (.hdr) or an IDX file (any other ending), or the
/// named one of a .npz, .mat or HDF5 file. Throws InputError as their readers do.
Tensor read_array(const std::string& path, const std::string& array);

/// What messages call an array: "jets.npz: array 'X_train'", or the file alone.
std::string origin_of_array(const std::string& path, const std::string& array);

}  // namespace pare::data
