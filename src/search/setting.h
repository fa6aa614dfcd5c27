#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "recipe/recipe.h"

namespace pare::search {

/// A key of the recipe and the value that a cell or trial gives it: an integer, a real number, a
/// boolean, a string, or an array of them.
struct Setting {
  std::string key;
  nlohmann::json value;

  bool operator==(const Setting&) const = default;
};

/// "key=value", as `pare run --set` takes it.
std::string to_override(const Setting& setting);

/// The key of what is run: SHA-256 of the resolved recipe without name and description, which
/// change nothing, and of where the user's own files are found.
std::string key_of(recipe::Recipe recipe);

}  // namespace pare::search
