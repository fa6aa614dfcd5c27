// A float network that another tool has trained, from its ONNX file to integers: as it is,
// quantized after training, quantized while it is trained on, pruned, and verified after each.

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "e2e/digits.h"
#include "e2e/process.h"
#include "interop/onnx_export.h"
#include "rewrite/cnn.h"

namespace pare::e2e {
namespace {

constexpr const char* kStages = R"(
[quantize]
input_bits = 8
[[stage]]
name = "as-it-is"
train = { epochs = 0 }
[[stage]]
name = "tuned"
[[stage]]
name = "ptq"
quantize = { bits = 8, calibration = "mse", bias_correction = true }
train = { epochs = 0 }
[[stage]]
name = "qat"
quantize = { bits = 4 }
[[stage]]
name = "qap"
prune = { fractions = [0.4, 0.2] }
)";

nlohmann::json said(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const Finished finished = run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << finished.err << finished.out;
  return nlohmann::json::parse(finished.out);
}

class ImportedFloat : public testing::Test {
 protected:
  /// A network as standard operators of float32.
  void write_network(const recipe::Model& model, const Shape& sample, int classes) const {
    std::vector<std::string> names;
    for (int i = 0; i < classes; ++i) names.push_back(std::to_string(i));
    const graph::Graph graph = rewrite::network(model, sample, names, 5);
    write_file_atomic(path("net.onnx"), interop::export_onnx(graph, interop::OnnxForm::kFloat));
  }

  /// Runs the stages from it and holds each against what must be so of any network.
  void expect_whole_road(const std::string& head) const {
    std::ofstream(path("recipe.toml")) << head << kStages;
    const Finished finished = run({pare, "run", path("recipe.toml"), "-o", path("run")});
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    for (const std::string stage : {"ptq", "qat", "qap-2"}) {
      const std::string model = "run/stages/" + stage + ".pare";
      expect_no_mismatch(model);
      EXPECT_GT(accuracy(model), 0.8 * accuracy("run/stages/tuned.pare")) << stage;
    }
    // 0.4, then 0.2 of the rest.
    const nlohmann::json pruned = said({pare, "inspect", path("run/model.pare")});
    EXPECT_NEAR(pruned["total"]["sparsity"].get<double>(), 0.52, 0.01) << pruned.dump(1);
    const Finished written = run(
        {pare, "export", path("run/model.pare"), "--to", "c", "-o", path("c"), "--name", "net"});
    EXPECT_EQ(written.exit_code, 0) << written.err;
    EXPECT_GT(contents(path("c/net.c")).size(), 1000U);
    EXPECT_LT(bops("run/model.pare"), bops("run/stages/qat.pare"));
    EXPECT_LT(bops("run/stages/qat.pare"), bops("run/stages/tuned.pare") / 8);
  }

  void expect_no_mismatch(const std::string& model) const {
    const nlohmann::json verified = said({pare, "verify", path(model)});
    int codes = 0;
    for (const auto& backend : verified["backends"]) {
      for (const auto& layer : backend["layers"]) {
        codes += layer["codes"].get<int>();
        EXPECT_EQ(layer["different"].get<int>(), 0) << backend.dump(1);
      }
    }
    EXPECT_GT(codes, 1000) << verified.dump(1);
  }
  double bops(const std::string& model) const {
    return said({pare, "cost", path(model)})["total"]["bops"].get<double>();
  }

  double accuracy(const std::string& model) const {
    return said({pare, "eval", path(model), "--data", path("recipe.toml")})["accuracy"]
        .get<double>();
  }

  std::string path(const std::string& name) const { return folder.path() + "/" + name; }

  const std::string pare = program("pare");
  TemporaryFolder folder;
};

TEST_F(ImportedFloat, AConvolutionalNetworkGoesTheWholeRoad) {
  write_digits(folder.path(), "train", 250);
  write_digits(folder.path(), "t10k", 100);
  write_network({.kind = recipe::ModelKind::kCnn,
                 .convolutions = {{.channels = 6, .pool = recipe::Pool::kMax},
                                  {.channels = 8, .stride = {2}, .pool = recipe::Pool::kMax}},
                 .hidden = {},
                 .batch_norm = recipe::BatchNormKind::kNone},
                {1, 28, 28}, 10);
  expect_whole_road(R"(
name = "digits"
[data]
train = "train-images-idx3-ubyte"
test = "t10k-images-idx3-ubyte"
standardise = "none"
[model]
import = "net.onnx"
import_scale = 255
[train]
epochs = 6
batch_size = 16
learning_rate = 5e-3
)");
  EXPECT_GT(accuracy("run/model.pare"), 0.8);
  // What training starts from is what the file says.
  said({pare, "import", path("net.onnx"), "--input-scale", "255", "-o", path("net.pare"), "--head",
        "argmax"});
  EXPECT_EQ(accuracy("net.pare"), accuracy("run/stages/as-it-is.pare"));
}

TEST_F(ImportedFloat, APerceptronWithBatchNormGoesTheWholeRoad) {
  write_network({.hidden = {24, 16}, .batch_norm = recipe::BatchNormKind::kFull}, {16}, 5);
  expect_whole_road(R"(
name = "jets"
[data]
set = "jets/embedded"
max_train_samples = 3000
[model]
import = "net.onnx"
[train]
epochs = 4
batch_size = 64
)");
  EXPECT_GT(accuracy("run/model.pare"), 0.5);
}

}  // namespace
}  // namespace pare::e2e
