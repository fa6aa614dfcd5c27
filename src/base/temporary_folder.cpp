#include "base/temporary_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <stdlib.h>

#include "base/error.h"

namespace pare {

TemporaryFolder::TemporaryFolder()
    : path_((std::filesystem::temp_directory_path() / "pare-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) {
    throw InputError(fmt::format("{}: cannot make a folder: {}", path_, std::strerror(errno)));
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace pare
