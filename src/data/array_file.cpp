#include "data/array_file.h"

#include <filesystem>

#include <fmt/format.h>

#include "data/idx.h"
#include "data/npy.h"
#include "data/npz.h"

namespace pare::data {

std::string extension(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return ending;
}

Tensor read_array(const std::string& path, const std::string& array) {
  const std::string ending = extension(path);
  if (ending == ".npz") return NpzReader(path).read(array);
  if (ending == ".npy") return read_npy(path);
  return read_idx(path);
}

std::string origin_of_array(const std::string& path, const std::string& array) {
  return array.empty() ? path : fmt::format("{}: array '{}'", path, array);
}

}  // namespace pare::data
