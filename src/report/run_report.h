#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "recipe/recipe.h"
#include "report/page.h"

namespace pare::report {

/// Whether the folder holds a run (docs/run_folder.md).
bool is_run(const std::string& folder);

/// The page of a run, from its recipe.toml and metrics.jsonl: what was done on what data, a table
/// of the stages, classes of the last one, learning curves, accuracy against BOPs. A run that has
/// not finished yet can be shown as well. Throws InputError if the files cannot be read.
Page run_page(const std::string& folder);

/// The run's figure: accuracy against BOPs. Throws InputError if no stage has ended.
nlohmann::json run_figure(const std::string& folder);

/// What data these are, as the catalogue says, or the user's files by name.
std::string describe_data(const recipe::Data& data);

}  // namespace pare::report
