#include "data/user_file.h"

#include <filesystem>

namespace pare::data {

std::string user_file(const std::string& path, const Request& request) {
  if (request.base_folder.empty()) return path;
  return (std::filesystem::path(request.base_folder) / path).string();
}

}  // namespace pare::data
