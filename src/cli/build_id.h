#pragma once

#include <string_view>

namespace pare::cli {

/// Tells builds apart: version and a hash of the sources. pare and pare-train must agree on it.
/// Written at build time (cmake/WriteBuildId.cmake).
std::string_view build_id();

}  // namespace pare::cli
