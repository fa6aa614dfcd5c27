#pragma once

#include <string>

#include "cost/program_cost.h"

namespace pare::cli {

/// The costs of an integer program for people: a table of its ops, memory, energy, and everything
/// that was assumed.
std::string render_cost(const cost::ProgramReport& report);

}  // namespace pare::cli
