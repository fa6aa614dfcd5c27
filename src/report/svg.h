#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace pare::report {

/// A Vega-Lite figure as the text of a standalone SVG file, drawn by Node.js.
/// Throws InputError if `node` is not in PATH or this build draws no figures (see figure_script).
std::string to_svg(const nlohmann::json& spec);

}  // namespace pare::report
