#pragma once

#include <string_view>

namespace pare::data {

/// The contents of data/catalogue.toml. Its definition is generated when pare is built, so that no
/// file need be found when it runs.
extern const std::string_view kCatalogueToml;

}  // namespace pare::data
