#pragma once

#include <string_view>

namespace pare::emit::c {

/// base/fixed_point.h as it was when this library was built.
extern const std::string_view kFixedPointText;

}  // namespace pare::emit::c
