#include "data/array_file.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "data/envi.h"
#include "data/hdf5.h"
#include "data/idx.h"
#include "data/mat.h"
#include "data/npy.h"

namespace pare::data {
namespace {

bool is_hdf5(std::string_view ending) { return ending == ".h5" || ending == ".hdf5"; }

}  // namespace

std::string extension(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return ending;
}

bool has_named_arrays(const std::string& path) {
  const std::string ending = extension(path);
  return ending == ".npz" || ending == ".mat" || is_hdf5(ending);
}

ArrayFile::ArrayFile(const std::string& path) : path_(path) {
  const std::string ending = extension(path);
  const auto keep_name = [&](const FoundArray& array) { names_.push_back(array.name); };
  if (ending == ".npz") {
    npz_.emplace(path);
    names_ = npz_->names();
  } else if (ending == ".mat") {
    find_mat_arrays(path, Values::kSkip, keep_name);
  } else {
    check(is_hdf5(ending), "ArrayFile: no file of named arrays");
    find_hdf5_arrays(path, Values::kSkip, keep_name);
  }
}

bool ArrayFile::has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

Tensor ArrayFile::read(const std::string& name) const {
  if (npz_) return npz_->read(name);
  return extension(path_) == ".mat" ? read_mat(path_, name) : read_hdf5(path_, name);
}

Tensor read_array(const std::string& path, const std::string& array) {
  if (has_named_arrays(path)) return ArrayFile(path).read(array);
  if (extension(path) == ".hdr") return read_envi(path).values;
  return extension(path) == ".npy" ? read_npy(path) : read_idx(path);
}

std::string origin_of_array(const std::string& path, const std::string& array) {
  return array.empty() ? path : fmt::format("{}: array '{}'", path, array);
}

}  // namespace pare::data
