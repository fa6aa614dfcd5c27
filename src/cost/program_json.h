#pragma once

#include <nlohmann/json.hpp>

#include "cost/program_cost.h"

namespace pare::cost {

/// {"assumptions": {"hardware", …}, "ops": [{"op", "macs", …}], "total": {…}} (docs/cost.md).
nlohmann::json to_json(const ProgramReport& report);

}  // namespace pare::cost
