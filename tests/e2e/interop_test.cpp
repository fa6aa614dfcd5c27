// A network that leaves for another format and comes back: it says the same, and is trained on.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/temporary_folder.h"
#include "e2e/process.h"

namespace pare::e2e {
namespace {

constexpr const char* kSmallRun = R"(
name = "small"
[data]
set = "jets/embedded"
max_train_samples = 2000
[model]
hidden = [12, 8]
[train]
epochs = 2
batch_size = 256
[[stage]]
name = "qat"
quantize = { bits = 6, input_bits = 12 }
)";

nlohmann::json printed(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const Finished finished = run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << finished.err << finished.out;
  return nlohmann::json::parse(finished.out);
}

/// A trained model, and its files as QONNX and QDQ.
class Interop : public testing::Test {
 protected:
  Interop() {
    std::ofstream(path("small.toml")) << kSmallRun;
    EXPECT_EQ(run({pare, "run", path("small.toml"), "-o", path("run")}).exit_code, 0);
    for (const char* form : {"qonnx", "qdq", "onnx"}) {
      printed({pare, "export", path("run/model.pare"), "--to", form, "--name", form, "-o",
               folder.path()});
    }
  }
  std::string path(const std::string& name) const { return folder.path() + "/" + name; }
  nlohmann::json evaluated(const std::string& model) const {
    nlohmann::json result = printed({pare, "eval", path(model), "--data", path("small.toml")});
    for (const char* key : {"model", "program", "head"}) result.erase(key);
    return result;
  }

  const std::string pare = program("pare");
  TemporaryFolder folder;
};

TEST_F(Interop, WhatComesBackSaysTheSame) {
  const nlohmann::json imported =
      printed({pare, "import", path("qonnx.onnx"), "-o", path("back.pare"), "--data",
               path("small.toml"), "--head", "argmax"});
  EXPECT_EQ(imported["program"].get<std::string>().size(), 64U) << imported.dump(1);
  EXPECT_EQ(run({pare, "verify", path("back.pare")}).exit_code, 0);
  EXPECT_EQ(evaluated("back.pare"), evaluated("run/model.pare"));
}

TEST_F(Interop, AFileOfOnnxIsAModel) {
  const nlohmann::json compared = printed(
      {pare, "compare", path("qonnx.onnx"), path("run/model.pare"), "--data", path("small.toml")});
  EXPECT_GT(compared["data"]["wires_compared"].get<int>(), 5);
  EXPECT_TRUE(compared["data"]["first_difference"].is_null()) << compared["data"].dump(1);
  for (const auto& wire : compared["data"]["wires"]) EXPECT_EQ(wire["differing"], 0);
}

TEST_F(Interop, ARecipeGoesOnFromIt) {
  std::ofstream(path("on.toml")) << R"(
name = "on"
[data]
set = "jets/embedded"
max_train_samples = 2000
standardise = "none"
[model]
import = "qonnx.onnx"
[train]
epochs = 1
batch_size = 256
[[stage]]
name = "as-it-is"
train = { epochs = 0 }
[[stage]]
name = "pruned"
prune = { sparsity = 0.5 }
)";
  const Finished finished = run({pare, "run", path("on.toml"), "-o", path("on")});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(evaluated("on/stages/as-it-is.pare")["accuracy"],
            evaluated("run/model.pare")["accuracy"]);
  EXPECT_EQ(run({pare, "verify", path("on/model.pare")}).exit_code, 0);
}

TEST_F(Interop, BadFilesAreRefusedWithTheirName) {
  std::ofstream(path("bad.onnx")) << "no model";
  const Finished finished = run({pare, "import", path("bad.onnx")});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_THAT(finished.err, testing::HasSubstr("bad.onnx: no ONNX file"));
  EXPECT_FALSE(std::filesystem::exists(path("bad.pare")));
  const Finished missing = run({pare, "inspect", path("none.onnx")});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, testing::HasSubstr("none.onnx"));
}

}  // namespace
}  // namespace pare::e2e
