// Stands in for npz.cpp in a build without libzip.

#include <fmt/format.h>

#include "base/error.h"
#include "data/npz.h"

namespace pare::data {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw InputError(
      fmt::format("{}: this pare was built without .npz; install libzip-dev and configure with "
                  "-DPARE_WITH_ZIP=ON, or use .csv",
                  path));
}

}  // namespace

struct NpzReader::Archive {};

NpzReader::NpzReader(const std::string& path) { refuse(path); }
NpzReader::~NpzReader() = default;
NpzReader::NpzReader(NpzReader&&) noexcept = default;
NpzReader& NpzReader::operator=(NpzReader&&) noexcept = default;

bool NpzReader::has(const std::string&) const { return false; }

Tensor NpzReader::read(const std::string&) const { refuse(path_); }

void write_npz(const std::string& path, const NamedTensors&) { refuse(path); }

}  // namespace pare::data
