#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/table.h"
#include "data/catalogue.h"
#include "data/scene.h"
#include "data/summary.h"

namespace pare::cli {

/// Where a set's files are: "here", "fetch" (they have an address), "absent", "computed".
std::string availability(const data::CatalogueSet& set);

/// One row a set.
Table set_table(const std::vector<data::CatalogueSet>& sets);

nlohmann::json set_json(const data::CatalogueSet& set);

/// What is known of a set, and one line a file: where it lies and whether its hash is right.
std::string set_text(const data::CatalogueSet& set);

/// Size and bands of a scene, and one row a class with its labelled pixels.
std::string scene_text(const data::Scene& scene);

/// {"rows", "columns", "bands", "labelled", "unlabelled", "pixels": {class: …}}.
nlohmann::json scene_json(const data::Scene& scene);

/// One row an array or column.
Table summary_table(const std::vector<data::ArraySummary>& arrays);

nlohmann::json summary_json(const std::vector<data::ArraySummary>& arrays);

}  // namespace pare::cli
