// A sweep file is read into blocks of axes (a key and its values); their products are the cells.
// Each cell is then resolved by the recipe's own reader, which checks it.
#include "search/grid.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "base/sha256.h"
#include "base/toml.h"
#include "search/cell_name.h"
#include "search/setting.h"
#include "search/toml_value.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

constexpr int kMaxWorkers = 1024;
constexpr std::size_t kMaxCells = 100'000;

/// A key and the values that it takes in turn.
struct Axis {
  std::string key;
  std::vector<Json> values;
};

/// One [[cell]].
struct Block {
  std::string where;  ///< for messages
  std::string label;  ///< empty: none given
  std::vector<std::int64_t> seeds;
  std::vector<Axis> axes;
};

/// `set`: the table's reader, which knows its place.
Axis read_axis(const std::string& key, const toml::node& node, const TomlReader& set) {
  if (key == "seed") set.fail(key, "give seeds as 'seeds = [1, 2, 3]' of the [[cell]]");
  std::optional<Json> values = to_value(node);
  if (!values) {
    set.fail(key,
             "expected a finite number, a boolean, a string, an array of them, or a list of such "
             "values to try; write the key in quotes: \"quantize.bits\" = [6, 4]");
  }
  if (!values->is_array()) values = Json::array({*values});
  if (values->empty()) set.fail(key, "an empty list: there is nothing to try");
  return {key, values->get<std::vector<Json>>()};
}

Block read_block(const toml::table& table, std::uint64_t default_seed, const std::string& origin,
                 std::size_t number) {
  const std::string path = fmt::format("cell.{}", number);
  TomlReader reader(table, origin, path);
  Block block{.where = origin + ": " + path,
              .label = "",
              .seeds = {static_cast<std::int64_t>(default_seed)},
              .axes = {}};
  reader.read("label", block.label);
  reader.read("seeds", block.seeds, {.min = 0});
  if (block.seeds.empty()) reader.fail("seeds", "an empty list: there is nothing to run");
  if (const std::optional<TomlReader> set = reader.table("set")) {
    for (const auto& [key, node] : in_file_order(*table["set"].as_table())) {
      block.axes.push_back(read_axis(key, *node, *set));
    }
  }
  reader.finish();
  return block;
}

/// All combinations of the axes' values; the last axis changes fastest.
std::vector<std::vector<Setting>> product(const Block& block) {
  std::vector<std::vector<Setting>> combinations = {{}};
  for (const Axis& axis : block.axes) {
    if (combinations.size() * axis.values.size() > kMaxCells) {
      throw InputError(fmt::format("{}: more than {} cells", block.where, kMaxCells));
    }
    std::vector<std::vector<Setting>> longer;
    for (const auto& combination : combinations) {
      for (const Json& value : axis.values) {
        longer.push_back(combination);
        longer.back().push_back({axis.key, value});
      }
    }
    combinations = std::move(longer);
  }
  return combinations;
}

std::string to_text(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) text += setting.key + "=" + setting.value.dump() + "\n";
  return text;
}

/// Adds the cells of blocks, each once.
class GridBuilder {
 public:
  explicit GridBuilder(Grid& grid) : grid_(&grid) {}

  void add(const Block& block) {
    for (const std::vector<Setting>& settings : product(block)) {
      for (const std::int64_t seed : block.seeds) {
        add_cell(block, settings, static_cast<std::uint64_t>(seed));
      }
    }
  }

 private:
  void add_cell(const Block& block, const std::vector<Setting>& settings, std::uint64_t seed) {
    Cell cell{.settings = settings, .seed = seed};
    for (const Setting& setting : settings) cell.overrides.push_back(to_override(setting));
    cell.overrides.push_back(fmt::format("seed={}", seed));
    const recipe::Recipe recipe = resolve(cell);
    cell.threads = recipe.threads;
    cell.key = key_of(recipe);
    if (!keys_.insert(cell.key).second) return;
    if (grid_->cells.size() == kMaxCells)
      throw InputError(fmt::format("{}: more than {} cells", block.where, kMaxCells));
    cell.group = group_name(settings);
    cell.label = block.label.empty() ? cell.group : fill_label(block.label, settings, block.where);
    cell.name = fmt::format("{}_seed-{}", cell.group, seed);
    // Two groups whose names come out equal: told apart by what they set.
    const auto [known, is_new] = settings_of_.try_emplace(cell.group, settings);
    if (!is_new && known->second != settings) {
      cell.group += "_" + sha256_hex(to_text(settings)).substr(0, 8);
      cell.name = fmt::format("{}_seed-{}", cell.group, seed);
    }
    grid_->cells.push_back(std::move(cell));
  }

  recipe::Recipe resolve(const Cell& cell) const {
    try {
      return recipe::read(grid_->recipe_path, cell.overrides);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}\n(in the cell of sweep '{}' with {})", error.what(),
                                   grid_->name, fmt::join(cell.overrides, ", ")));
    }
  }

  Grid* grid_;
  std::set<std::string> keys_;
  std::map<std::string, std::vector<Setting>> settings_of_;
};

}  // namespace

Grid parse_grid(const std::string& toml, const std::string& origin, const std::string& folder) {
  const toml::table table = parse_toml(toml, origin);
  TomlReader reader(table, origin);
  Grid grid;
  std::string recipe;
  reader.read("name", grid.name);
  reader.read("description", grid.description);
  reader.read("recipe", recipe);
  reader.read("workers", grid.workers, {.min = 1, .max = kMaxWorkers});
  const bool has_cells = !reader.tables("cell").empty();
  reader.finish();
  if (grid.name.empty()) reader.fail("name", "every sweep needs a name");
  if (grid.name != file_name(grid.name)) {
    reader.fail("name", "only letters, digits and . - _ + are allowed, at most 120");
  }
  if (recipe.empty()) reader.fail("recipe", "expected the recipe's path, relative to this file");
  if (!has_cells) reader.fail("cell", "there is no [[cell]]: nothing to run");
  grid.recipe_path = (std::filesystem::path(folder) / recipe).lexically_normal().string();
  grid.recipe = recipe::read(grid.recipe_path);

  GridBuilder builder(grid);
  const toml::array& blocks = *table["cell"].as_array();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    builder.add(read_block(*blocks[i].as_table(), grid.recipe.seed, origin, i + 1));
  }
  return grid;
}

Grid read_grid(const std::string& path) {
  return parse_grid(read_text(path), path, std::filesystem::path(path).parent_path().string());
}

std::vector<Cell> cells_matching(const Grid& grid, const std::string& pattern) {
  std::vector<Cell> found;
  for (const Cell& cell : grid.cells) {
    if (matches(pattern, cell.name) || matches(pattern, cell.label)) found.push_back(cell);
  }
  if (found.empty()) {
    throw InputError(fmt::format("sweep '{}': no cell matches '{}'; --dry-run lists their names",
                                 grid.name, pattern));
  }
  return found;
}

}  // namespace pare::search
