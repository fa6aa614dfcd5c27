#pragma once

#include <string_view>

namespace pare::report {

/// The JavaScript that draws figures, with its licences: Vega, Vega-Lite and Vega-Embed as one
/// script that sets `pareFigures` (web/figures.js). Throws InputError in a build without it.
std::string_view figure_script();

/// Whether this build has it.
bool has_figure_script();

}  // namespace pare::report
