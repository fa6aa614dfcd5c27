#pragma once

#include <string>

#include "cli/verb.h"
#include "cost/estimate.h"

namespace pare::cli {

/// Declares `cost`: what one inference of a model costs, by layer and in all.
Verb add_cost(CLI::App& parent);

/// The report for people: a table, the model's size, and what was assumed.
std::string render_cost(const cost::Report& report);

}  // namespace pare::cli
