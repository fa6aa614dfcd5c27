#pragma once

#include <string>

#include "data/request.h"

namespace pare::data {

/// Where a file of the user's lies that a request names: relative paths start at its base_folder.
std::string user_file(const std::string& path, const Request& request);

}  // namespace pare::data
