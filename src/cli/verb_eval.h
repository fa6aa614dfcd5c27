#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `eval`: the task's metrics of a model on the data of a recipe.
Verb add_eval(CLI::App& parent);

}  // namespace pare::cli
