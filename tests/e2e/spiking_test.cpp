// A network with ReLUs becomes a spiking one, is trained on, quantized, and runs the same
// everywhere.

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "e2e/process.h"
#include "model/model.h"

namespace pare::e2e {
namespace {

constexpr const char* kSpiking = R"(
name = "spiking"
seed = 5
[data]
set = "jets/embedded"
max_train_samples = 6000
[model]
hidden = [24, 16]
batch_norm = "none"
[train]
epochs = 4
batch_size = 256
learning_rate = 3e-3
[[stage]]
name = "float"
[[stage]]
name = "converted"
[stage.spike]
steps = 6
[stage.quantize]
weight_bits = 8
input_bits = 8
[stage.train]
epochs = 0
[[stage]]
name = "trained"
[[stage]]
name = "pruned"
prune = { sparsity = 0.5 }
)";

TEST(Spiking, IsTrainedFrozenAndVerifiedOnTheWholeRoad) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kSpiking;
  const Finished trained =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::vector<nlohmann::json> ends = nlohmann::json::parse(trained.out).at("stages");
  ASSERT_EQ(ends.size(), 4U);
  for (const nlohmann::json& end : ends) {
    const std::string stage = end.at("stage");
    const std::string path = folder / ("run/stages/" + stage + ".pare");
    EXPECT_EQ(end.at("forward"), stage == "float" ? "training" : "exact") << stage;
    const Finished verified = run({program("pare"), "verify", path, "--json"});
    EXPECT_EQ(verified.exit_code, 0) << stage << verified.out << verified.err;
    const Finished evaluated =
        run({program("pare"), "eval", path, "--data", folder / "recipe.toml", "--json"});
    ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
    EXPECT_EQ(nlohmann::json::parse(evaluated.out).at("accuracy"), end.at("test").at("accuracy"))
        << stage;
  }
  // Training brings back what conversion at six steps loses; chance is 0.2.
  EXPECT_GT(ends[2].at("test").at("accuracy"), 0.5);
  EXPECT_GT(ends[2].at("test").at("accuracy"), ends[1].at("test").at("accuracy"));
  EXPECT_GT(ends[3].at("test").at("accuracy"), 0.45);
  EXPECT_EQ(model::load(folder / "run/stages/trained.pare").deployment->interface.steps, 6);
}

/// What stages train with affine weights, the second without quantizing anew.
constexpr const char* kAffine = R"(
[[stage]]
name = "affine"
[stage.quantize]
weight_bits = 3
input_bits = 8
weight_range = "affine"
[[stage]]
name = "longer"
test = false
prune = { sparsity = 0.6 }
[[stage]]
name = "symmetric"
quantize = { weight_bits = 3, input_bits = 8 }
)";

TEST(Spiking, TrainsWithAffineWeightsAndSaysWhatSymmetricOnesChange) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kSpiking << kAffine;
  const Finished trained =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::vector<nlohmann::json> ends = nlohmann::json::parse(trained.out).at("stages");
  ASSERT_EQ(ends.size(), 7U);
  const nlohmann::json& end = ends[4];
  for (const char* part : {"validation", "test"}) {
    const nlohmann::json& affine = end.at("affine").at(part);
    EXPECT_GT(affine.at("accuracy"), 0.45) << part;
    EXPECT_EQ(affine.at("delta").get<double>(),
              end.at(part).at("accuracy").get<double>() - affine.at("accuracy").get<double>())
        << part;
    // Of three bits the two maps cannot agree.
    EXPECT_NE(affine.at("loss"), end.at(part).at("loss")) << part;
  }
  // What the training forward says of the symmetric weights is what was frozen, but for ties.
  EXPECT_LT(end.at("gap").at("different_codes").get<double>(),
            0.01 * end.at("gap").at("codes").get<double>());
  EXPECT_TRUE(ends[5].at("affine").contains("validation"));
  EXPECT_FALSE(ends[5].at("affine").contains("test"));
  EXPECT_FALSE(ends[2].contains("affine"));
  EXPECT_FALSE(ends[6].contains("affine"));
  for (const char* stage : {"affine", "longer", "symmetric"}) {
    const Finished verified =
        run({program("pare"), "verify", folder / ("run/stages/" + std::string(stage) + ".pare")});
    EXPECT_EQ(verified.exit_code, 0) << stage << verified.out << verified.err;
  }
}

TEST(Spiking, VerbsTakeItOrSayWhyNot) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kSpiking;
  const Finished trained = run({program("pare"), "run", folder / "recipe.toml", "-o",
                                folder / "run", "--set", "train.epochs=1"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string model = folder / "run/model.pare";
  for (const char* verb : {"inspect", "cost", "bench"}) {
    const Finished found = run({program("pare"), verb, model});
    EXPECT_EQ(found.exit_code, 0) << verb << found.err;
  }
  const Finished c = run({program("pare"), "export", model, "--to", "c", "-o", folder / "c"});
  EXPECT_EQ(c.exit_code, 0) << c.err;
  const Finished onnx =
      run({program("pare"), "export", model, "--to", "qonnx", "-o", folder / "m.onnx"});
  EXPECT_EQ(onnx.exit_code, 3);
  EXPECT_NE(onnx.err.find("spikes and time have no ONNX form"), std::string::npos) << onnx.err;
}

}  // namespace
}  // namespace pare::e2e
