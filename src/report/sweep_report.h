#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "report/page.h"

namespace pare::report {

/// Whether the folder holds a sweep (docs/sweep.md).
bool is_sweep(const std::string& folder);

/// The page of a sweep, from its sweep.json and summary.csv: what was done on what data, the
/// measure against BOPs, and the table of means and standard deviations. Throws InputError if the
/// files cannot be read or hold nothing yet.
Page sweep_page(const std::string& folder);

/// The sweep's figure (see sweep_against_bops).
nlohmann::json sweep_figure(const std::string& folder);

}  // namespace pare::report
