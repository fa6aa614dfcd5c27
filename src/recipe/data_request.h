#pragma once

#include "data/request.h"
#include "recipe/recipe.h"

namespace pare::recipe {

/// The data that a recipe asks for: its [data], with the run's seed and the recipe's folder.
data::Request data_request(const Recipe& recipe);

}  // namespace pare::recipe
