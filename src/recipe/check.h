#pragma once

#include <string>

#include "recipe/recipe.h"

namespace pare::recipe {

/// What several keys must agree on: the data's files and split, the names of stages. Throws
/// InputError.
void check(const Recipe& recipe, const std::string& origin);

}  // namespace pare::recipe
