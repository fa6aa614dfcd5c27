#pragma once

#include <string_view>

namespace pare {

/// "0.1.0".
std::string_view version();

}  // namespace pare
