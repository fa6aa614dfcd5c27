#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "search/setting.h"

namespace pare::search {

/// One run of a sweep.
struct Cell {
  std::string key = {};    ///< SHA-256 of the resolved recipe: what is run, to the last bit
  std::string name = {};   ///< readable, unique, fit for a file: "bits-6_seed-1"
  std::string group = {};  ///< the name without the seed: results are averaged over a group
  std::string label = {};  ///< for people: "6 bit"; the group if the sweep file has none
  std::vector<Setting> settings = {};  ///< in the order of the sweep file, without the seed
  std::uint64_t seed = 1;
  int threads = 1;  ///< as the resolved recipe says
  /// "key=value", seed included, as `pare run --set` takes them.
  std::vector<std::string> overrides = {};
};

/// A sweep file, with its lists multiplied out (docs/sweep.md).
struct Grid {
  std::string name;
  std::string description = {};
  std::string recipe_path;
  recipe::Recipe recipe = {};  ///< without overrides
  int workers = 2;
  std::vector<Cell> cells = {};
};

/// Reads a sweep file and checks every cell by resolving its recipe. Cells that come to the same
/// resolved recipe are merged into the first of them.
/// Throws InputError naming the file and key, or the cell and what is wrong with its recipe.
Grid read_grid(const std::string& path);

/// The same from text; the recipe's path in it is relative to `folder`.
Grid parse_grid(const std::string& toml, const std::string& origin, const std::string& folder);

/// The cells whose name matches a pattern (`*` any characters, `?` one), or whose label does.
/// Throws InputError if none does.
std::vector<Cell> cells_matching(const Grid& grid, const std::string& pattern);

}  // namespace pare::search
