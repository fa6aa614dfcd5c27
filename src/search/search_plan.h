#pragma once

#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "search/search_file.h"

namespace pare::search {

/// A search file with its recipe.
struct SearchPlan {
  SearchFile file;
  std::string recipe_path;
  recipe::Recipe recipe = {};  ///< with the settings that all trials have
};

/// What is run at a point.
struct ResolvedPoint {
  std::string key;                     ///< of the resolved recipe (see key_of)
  std::vector<std::string> overrides;  ///< as `pare run --set` takes them
  int threads = 1;
};

/// Reads a search file and checks the recipe at the first and last value of every variable, and at
/// every value of one that is no range. Throws InputError naming the file and key, or the settings
/// and what is wrong with the recipe then (an unknown key with the nearest known one).
SearchPlan read_search(const std::string& path);

/// The same from text; the recipe's path in it is relative to `folder`.
SearchPlan parse_search(const std::string& toml, const std::string& origin,
                        const std::string& folder);

/// Throws InputError, as above, if the recipe cannot be what the point says.
ResolvedPoint resolve(const SearchPlan& plan, const Point& point);

}  // namespace pare::search
