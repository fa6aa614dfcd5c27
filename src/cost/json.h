#pragma once

#include <nlohmann/json.hpp>

#include "cost/estimate.h"

namespace pare::cost {

/// {"assumptions": {"input_bits", "counting"}, "layers": [{"layer", "bops", …}], "total": {"bops",
/// …}} (docs/cost.md).
nlohmann::json to_json(const Report& report);

/// The options as the command line spells them: "32", "real"; "weights", "repository".
std::string_view name_of(InputBits input_bits);
std::string_view name_of(AliveCounting counting);

}  // namespace pare::cost
