#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/table.h"

namespace pare::cli {

/// The points of one kind ("weight_bits", "activation_bits" or "sparsity") of the verb's JSON
/// object: a row a layer, a column a value, cells accuracies in percent; "-" where there is none.
Table sensitivity_table(const nlohmann::json& result, const std::string& kind);

}  // namespace pare::cli
