// Stands in for mat.cpp in a build without libmatio.

#include <fmt/format.h>

#include "base/error.h"
#include "data/mat.h"

namespace pare::data {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw InputError(
      fmt::format("{}: this pare was built without MATLAB files; install libmatio-dev and "
                  "configure with -DPARE_WITH_MATIO=ON, or use .npz",
                  path));
}

}  // namespace

void find_mat_arrays(const std::string& path, Values, const TakeArray&) { refuse(path); }

Tensor read_mat(const std::string& path, const std::string&) { refuse(path); }

}  // namespace pare::data
