#pragma once

#include <string_view>

namespace pare::cost {

/// The contents of cost/hardware_45nm.toml. Its definition is generated when pare is built, so that
/// no file need be found when it runs.
extern const std::string_view kHardware45nmToml;

}  // namespace pare::cost
