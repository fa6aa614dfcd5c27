// Stands in for hdf5.cpp in a build without HDF5.

#include <fmt/format.h>

#include "base/error.h"
#include "data/hdf5.h"

namespace pare::data {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw InputError(
      fmt::format("{}: this pare was built without HDF5; install libhdf5-dev and "
                  "configure with -DPARE_WITH_HDF5=ON, or use .npz",
                  path));
}

}  // namespace

void find_hdf5_arrays(const std::string& path, Values, const TakeArray&) { refuse(path); }

Tensor read_hdf5(const std::string& path, const std::string&) { refuse(path); }

}  // namespace pare::data
