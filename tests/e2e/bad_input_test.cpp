// What the programs do with bad input: a message on stderr that helps, exit code 3, nothing on
// stdout but progress, and no folder that looks like a run.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "e2e/process.h"

namespace pare::e2e {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* name;
  const char* recipe;
  const char* expected;  ///< in the message
};

class BadRecipe : public testing::TestWithParam<Case> {};

TEST_P(BadRecipe, IsExitThreeWithAMessageAndNoRun) {
  const TemporaryFolder folder;
  const std::string recipe = folder / "recipe.toml";
  std::ofstream(recipe) << GetParam().recipe;
  std::ofstream(folder / "nan.csv") << "a,b,label\n1,2,x\nnan,4,y\n";
  std::ofstream(folder / "cut.npy", std::ios::binary) << "\x93NUMPY\x01";
  const Finished result = run({program("pare"), "run", recipe, "-o", folder / "out"});
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  EXPECT_NE(result.err.find(GetParam().expected), std::string::npos) << result.err;
  EXPECT_EQ(result.err.rfind("error: ", 0), 0U) << result.err;
  EXPECT_FALSE(fs::exists(folder / "out/model.pare"));
  EXPECT_FALSE(fs::exists(folder / "out/metrics.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRecipe,
    testing::Values(
        Case{"UnknownKey", "[data]\nset = \"synthetic/mixture\"\n[trian]\nepochs = 1\n[[stage]]\n",
             "train"},
        Case{"ImpossibleBits",
             "[data]\nset = \"synthetic/mixture\"\n[[stage]]\nquantize = { bits = 40 }\n", "40"},
        Case{"UnknownDataSet", "[data]\nset = \"jetz\"\n[[stage]]\n", "jets"},
        Case{"MissingFile", "[data]\ntrain = \"no.csv\"\ntest = \"no.csv\"\n[[stage]]\n", "no.csv"},
        Case{"NotANumber", "[data]\ntrain = \"nan.csv\"\ntest = \"nan.csv\"\n[[stage]]\n",
             "nan.csv"},
        Case{"NotToml", "[data\n", "recipe.toml"}),
    [](const auto& info) { return info.param.name; });

TEST(BadModel, IsExitThreeForEveryVerbThatReadsOne) {
  const TemporaryFolder folder;
  const std::string model = folder / "cut.pare";
  std::ofstream(model, std::ios::binary) << "\xff\xff\xff\xff\xff\xff\xff\x0f{";
  for (const char* verb : {"inspect", "cost"}) {
    const Finished result = run({program("pare"), verb, model});
    EXPECT_EQ(result.exit_code, 3) << verb;
    EXPECT_NE(result.err.find(model), std::string::npos) << result.err;
    const Finished json = run({program("pare"), verb, model, "--json"});
    EXPECT_EQ(json.exit_code, 3) << verb;
    EXPECT_EQ(json.out, "") << verb;
  }
}

}  // namespace
}  // namespace pare::e2e
