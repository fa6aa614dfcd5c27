// Networks of ternary and binary weights, and such as are quantized after training, from the recipe
// to the verified program.

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "e2e/process.h"
#include "model/model.h"

namespace pare::e2e {
namespace {

constexpr const char* kHead = R"(
name = "formats"
seed = 5
[data]
set = "jets/embedded"
max_train_samples = 6000
[model]
hidden = [24, 16]
[train]
epochs = 3
batch_size = 256
)";

constexpr const char* kFormats = R"(
[[stage]]
name = "mixed"
[stage.quantize]
weight_format = "ternary"
layers = [
  { match = "fc2", weight_format = "binary" },
  { match = "output", weight_format = "uniform", weight_range = "sawb", weight_bits = 8 },
]
[[stage]]
name = "ternary"
[stage.quantize]
weight_format = "ternary"
weight_granularity = "channel"
step = "pow2"
[[stage]]
name = "pruned"
prune = { sparsity = 0.7 }
[[stage]]
name = "clipped"
[stage.quantize]
weight_range = "twice_mean_abs"
weight_bits = 3
)";

constexpr const char* kPostTraining = R"(
[[stage]]
name = "float"
[[stage]]
name = "min-max"
[stage.quantize]
bits = 8
calibration = "min_max"
[stage.train]
epochs = 0
[[stage]]
name = "percentile"
[stage.quantize]
bits = 6
step = "pow2"
calibration = "percentile"
[stage.train]
epochs = 0
[[stage]]
name = "mse"
[stage.quantize]
bits = 4
weight_granularity = "channel"
calibration = "mse"
bias_correction = true
[stage.train]
epochs = 0
[[stage]]
name = "tuned"
prune = { sparsity = 0.5 }
)";

/// Runs the recipe, verifies each stage's model and returns the stages' lines.
std::vector<nlohmann::json> verified(const TemporaryFolder& folder, const std::string& stages) {
  std::ofstream(folder / "recipe.toml") << kHead << stages;
  const Finished trained =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run", "--json"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  const std::vector<nlohmann::json> ends = nlohmann::json::parse(trained.out).at("stages");
  for (const nlohmann::json& end : ends) {
    const std::string stage = end.at("stage");
    const Finished found =
        run({program("pare"), "verify", folder / ("run/stages/" + stage + ".pare"), "--json"});
    EXPECT_EQ(found.exit_code, 0) << stage << found.out << found.err;
    EXPECT_EQ(end.at("forward"), stage == "float" ? "training" : "exact") << stage;
  }
  return ends;
}

std::string encoding_of(const std::string& model, const std::string& constant) {
  const model::Model loaded = model::load(model);
  for (const program::Constant& found : loaded.deployment->program.constants) {
    if (found.name != constant) continue;
    return std::string(std::visit([](const auto& of) { return of.kind; }, found.encoding));
  }
  return "none";
}

TEST(Formats, OfWeightsVerifyAndLearn) {
  const TemporaryFolder folder;
  const auto ends = verified(folder, kFormats);
  ASSERT_EQ(ends.size(), 4U);
  for (const nlohmann::json& end : ends) {
    EXPECT_GT(end.at("test").at("accuracy"), 0.45) << end.at("stage");
  }
  const std::string mixed = folder / "run/stages/mixed.pare";
  EXPECT_EQ(encoding_of(mixed, "fc1.weight"), "ternary");
  EXPECT_EQ(encoding_of(mixed, "fc2.weight"), "binary");
  EXPECT_EQ(encoding_of(mixed, "output.weight"), "uniform");
}

TEST(Formats, BinaryWeightsThatArePrunedAreRefusedByName) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kHead << R"(
[[stage]]
quantize = { weight_format = "binary" }
prune = { sparsity = 0.5 }
)";
  const Finished found =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run"});
  EXPECT_EQ(found.exit_code, 3);
  EXPECT_NE(found.err.find("'fc1.weight': is pruned, but binary codes have no 0"),
            std::string::npos)
      << found.err;
}

TEST(PostTraining, VerifiesWithEveryCalibration) {
  const TemporaryFolder folder;
  const auto ends = verified(folder, kPostTraining);
  ASSERT_EQ(ends.size(), 5U);
  const auto accuracy = [&](std::size_t stage) {
    return ends[stage].at("test").at("accuracy").get<double>();
  };
  EXPECT_EQ(ends[1].at("epochs"), 0);
  EXPECT_NEAR(accuracy(1), accuracy(0), 0.02);
  EXPECT_GT(accuracy(2), accuracy(0) - 0.05);
  EXPECT_GT(accuracy(3), 0.4);
}

TEST(SensitivityVerb, MeasuresEveryLayer) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kHead << "[[stage]]\nname = \"float\"\n";
  const Finished trained =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const auto found = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command{program("pare"), "sensitivity", folder / "run/model.pare",
                                     "--data", folder / "recipe.toml"};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  };
  const Finished json = found({"--bits", "8,2", "--sparsity", "0.5", "--samples", "500", "--json"});
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const auto result = nlohmann::json::parse(json.out);
  EXPECT_EQ(result.at("samples"), 500);
  EXPECT_EQ(result.at("layers").size(), 3U);
  // Weights of three layers and three wires at two widths, and one sparsity.
  EXPECT_EQ(result.at("points").size(), 15U);
  const Finished text = found({"--bits", "4"});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("Accuracy % with one layer's weights quantized"), std::string::npos);
  EXPECT_EQ(found({"--bits", "40"}).exit_code, 3);
}

}  // namespace
}  // namespace pare::e2e
