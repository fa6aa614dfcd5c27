// A hyperspectral scene from the recipe that needs no data of one's own to its map.

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "e2e/process.h"

namespace pare::e2e {
namespace {

TEST(Scene, IsTrainedFrozenVerifiedAndMapped) {
  const TemporaryFolder folder;
  const std::string recipe = PARE_SOURCE_DIR "/recipes/synthetic-hsi.toml";
  const Finished trained =
      run({program("pare"), "run", recipe, "-o", folder / "run", "--json", "--set",
           "stage.cnn.train.epochs=6", "--set", "stage.snn.train.epochs=2", "--set",
           "stage.snn-6bit.train.epochs=1"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const nlohmann::json last = nlohmann::json::parse(trained.out).at("stages").back();
  const std::string model = folder / "run/model.pare";
  const Finished verified = run({program("pare"), "verify", model});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  const Finished mapped =
      run({program("pare"), "map", model, "--data", recipe, "-o", folder / "map", "--json"});
  if (mapped.err.find("built without PNG") != std::string::npos) GTEST_SKIP() << mapped.err;
  ASSERT_EQ(mapped.exit_code, 0) << mapped.err;
  const auto map = nlohmann::json::parse(mapped.out);
  EXPECT_EQ(map.at("test").at("accuracy"), last.at("test").at("accuracy"));
  // Six classes, the most frequent a third of the labels.
  EXPECT_GT(map.at("test").at("accuracy"), 0.8);
  for (const char* file :
       {"classes.npy", "map.png", "truth.png", "difference.png", "false_colour.png"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / ("map/" + std::string(file)))) << file;
  }
}

}  // namespace
}  // namespace pare::e2e
