#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "metrics/classification.h"

namespace pare::cli {

/// The metrics of a classifier for people: a line of totals, a table by class, and which classes
/// are taken for which. `classes` are names; classes beyond them go by their
/// number.
std::string render_evaluation(const metrics::Classification& result,
                              const std::vector<std::string>& classes);

/// {"samples", "accuracy", "auc_macro", "auc": {class: …}, "background_efficiency": {class: …},
/// "confusion": [[…]], "average_accuracy", "kappa", "recall": {class: …}}; null where a figure is
/// undefined.
nlohmann::json evaluation_json(const metrics::Classification& result,
                               const std::vector<std::string>& classes);

}  // namespace pare::cli
