#include "search/grid.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace pare::search {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr const char* kRecipe = R"(
name = "tiny"
seed = 5
[data]
set = "jets/embedded"
[[stage]]
name = "float"
[[stage]]
name = "qat"
quantize = { weight_bits = 6, activation_bits = 6 }
)";

class GridTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ + "/tiny.toml") << kRecipe;
    std::filesystem::create_directory(folder_ + "/sweeps");
  }
  Grid parse(const std::string& cells) const {
    return parse_grid("name = \"s\"\nrecipe = \"../tiny.toml\"\n" + cells, "s.toml",
                      folder_ + "/sweeps");
  }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
};

std::vector<std::string> names_of(const Grid& grid) {
  std::vector<std::string> names;
  for (const Cell& cell : grid.cells) names.push_back(cell.name);
  return names;
}

TEST_F(GridTest, CellsAreTheProductOfListsAndSeeds) {
  const Grid grid = parse(R"(
    workers = 3
    [[cell]]
    label = "{weight_bits} bit, L1 {l1}"
    seeds = [1, 2]
    [cell.set]
    "stage.qat.quantize.weight_bits" = [8, 4]
    "train.l1" = 0.5
  )");
  EXPECT_EQ(grid.workers, 3);
  EXPECT_EQ(grid.recipe.name, "tiny");
  EXPECT_THAT(names_of(grid),
              ElementsAre("weight_bits-8_l1-0.5_seed-1", "weight_bits-8_l1-0.5_seed-2",
                          "weight_bits-4_l1-0.5_seed-1", "weight_bits-4_l1-0.5_seed-2"));
  const Cell& last = grid.cells.back();
  EXPECT_EQ(last.label, "4 bit, L1 0.5");
  EXPECT_EQ(last.group, "weight_bits-4_l1-0.5");
  EXPECT_EQ(last.seed, 2U);
  EXPECT_EQ(last.threads, 1);
  EXPECT_THAT(last.overrides,
              ElementsAre("stage.qat.quantize.weight_bits=4", "train.l1=0.5", "seed=2"));
  EXPECT_THAT(last.settings,
              ElementsAre(Setting{"stage.qat.quantize.weight_bits", 4}, Setting{"train.l1", 0.5}));
}

TEST_F(GridTest, KeysDifferByWhatIsRunAlone) {
  const Grid grid = parse("[[cell]]\nseeds = [1, 2]\n[cell.set]\n\"train.epochs\" = [3, 4]\n");
  std::set<std::string> keys;
  for (const Cell& cell : grid.cells) keys.insert(cell.key);
  EXPECT_EQ(keys.size(), 4U);
  std::ofstream(folder_ + "/tiny.toml") << "description = \"in other words\"\n" << kRecipe;
  const Grid renamed = parse("[[cell]]\nseeds = [1]\nset.\"train.epochs\" = 3\n");
  EXPECT_EQ(renamed.cells[0].key, grid.cells[0].key);
  std::ofstream(folder_ + "/tiny.toml") << kRecipe << "[train]\nl1 = 0.1\n";
  const Grid changed = parse("[[cell]]\nseeds = [1]\nset.\"train.epochs\" = 3\n");
  EXPECT_NE(changed.cells[0].key, grid.cells[0].key);
}

TEST_F(GridTest, EqualCellsAreMergedIntoTheFirst) {
  // 6 bits is what the recipe says anyway.
  const Grid grid = parse(R"(
    [[cell]]
    seeds = [1, 2]
    [[cell]]
    seeds = [2, 3, 3]
    [cell.set]
    "stage.qat.quantize.weight_bits" = [6, 4]
  )");
  EXPECT_THAT(names_of(grid), ElementsAre("base_seed-1", "base_seed-2", "weight_bits-6_seed-3",
                                          "weight_bits-4_seed-2", "weight_bits-4_seed-3"));
}

TEST_F(GridTest, TheSeedIsTheRecipesUnlessGiven) {
  EXPECT_EQ(parse("[[cell]]\n").cells.at(0).seed, 5U);
}

TEST_F(GridTest, GroupsWithTheSameNameAreToldApart) {
  const Grid grid = parse(R"(
    [[cell]]
    seeds = [1, 2]
    set."model.hidden" = [[64, 32], [64], [32]]
    [[cell]]
    seeds = [1, 2]
    set."stage.float.train.l1" = 0.5
    [[cell]]
    seeds = [1, 2]
    set."stage.qat.train.l1" = 0.5
  )");
  std::set<std::string> names;
  std::set<std::string> groups;
  for (const Cell& cell : grid.cells) {
    names.insert(cell.name);
    groups.insert(cell.group);
  }
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(groups.size(), 5U);
}

TEST_F(GridTest, RefusesWhatIsWrongBeforeAnythingRuns) {
  const auto refuses = [this](const std::string& cells, const std::string& message) {
    EXPECT_THAT([&] { parse(cells); }, ThrowsMessage<InputError>(HasSubstr(message)));
  };
  refuses("", "there is no [[cell]]");
  refuses("cell = 3", "cell");
  refuses("[[cell]]\nseed = [1]", "did you mean 'seeds'?");
  refuses("worker = 3\n[[cell]]", "did you mean 'workers'?");
  refuses("workers = 0\n[[cell]]", "workers");
  refuses("[[cell]]\nseeds = []", "an empty list");
  refuses("[[cell]]\nseeds = [-1]", "seeds");
  refuses("[[cell]]\nseeds = 3", "seeds");
  refuses("[[cell]]\nset.seed = 3", "give seeds as");
  refuses("[[cell]]\nset.\"train.l1\" = []", "nothing to try");
  refuses("[[cell]]\nset.train.l1 = 1", "write the key in quotes");
  refuses("[[cell]]\nset.\"train.l1\" = [1979-05-27]", "expected a finite number");
  refuses("[[cell]]\nset.\"train.epoch\" = 3", "epochs");
  refuses("[[cell]]\nset.\"train.epoch\" = 3", "(in the cell of sweep 's' with train.epoch=3");
  refuses("[[cell]]\nset.\"train.epochs\" = [3, -1]", "train.epochs");
  refuses("[[cell]]\nlabel = \"{bit}\"", "is not a key of this cell's 'set'");
  refuses("[[cell]", "s.toml");
}

TEST_F(GridTest, RefusesBadNamesAndRecipes) {
  const auto refuses = [this](const std::string& text, const std::string& message) {
    EXPECT_THAT([&] { parse_grid(text, "s.toml", folder_); },
                ThrowsMessage<InputError>(HasSubstr(message)));
  };
  refuses("recipe = \"tiny.toml\"\n[[cell]]", "needs a name");
  refuses("name = \"a/b\"\nrecipe = \"tiny.toml\"\n[[cell]]", "only letters");
  refuses("name = \"a\"\n[[cell]]", "expected the recipe's path");
  refuses("name = \"a\"\nrecipe = \"absent.toml\"\n[[cell]]", "absent.toml");
}

TEST_F(GridTest, RefusesTooManyCells) {
  std::string list = "[0";
  for (int i = 1; i < 400; ++i) list += "," + std::to_string(i);
  list += "]";
  const std::string cells = "[[cell]]\n[cell.set]\na = " + list + "\nb = " + list + "\n";
  EXPECT_THAT([&] { parse(cells); }, ThrowsMessage<InputError>(HasSubstr("more than 100000")));
}

TEST_F(GridTest, SelectsCellsByNameOrLabel) {
  const Grid grid =
      parse("[[cell]]\nlabel = \"L1 = {l1}\"\nseeds = [1, 2]\nset.\"train.l1\" = [0.5, 0.25]\n");
  EXPECT_EQ(cells_matching(grid, "*").size(), 4U);
  EXPECT_EQ(cells_matching(grid, "l1-0.5_*").size(), 2U);
  EXPECT_EQ(cells_matching(grid, "L1 = 0.25").size(), 2U);
  EXPECT_THAT([&] { cells_matching(grid, "x"); },
              ThrowsMessage<InputError>(HasSubstr("no cell matches 'x'")));
}

TEST_F(GridTest, ReadsAFileAndItsRecipeBesideIt) {
  const std::string path = folder_ + "/sweeps/s.toml";
  std::ofstream(path) << "name = \"s\"\nrecipe = \"../tiny.toml\"\n[[cell]]\n";
  const Grid grid = read_grid(path);
  EXPECT_EQ(grid.recipe_path, folder_ + "/tiny.toml");
  EXPECT_THROW(read_grid(folder_ + "/absent.toml"), InputError);
}

}  // namespace
}  // namespace pare::search
