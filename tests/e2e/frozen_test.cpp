// A run's models from outside: what the trainer reports of a frozen net is what the program in the
// file says, to the last sample, and every backend agrees with it.

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/npy.h"
#include "e2e/process.h"
#include "lower/interface.h"
#include "model/model.h"
#include "program/reference.h"

namespace pare::e2e {
namespace {

// Float steps, 12 bits and batch norm: nothing about it is a power of two.
constexpr const char* kSmallRecipe = R"(
name = "wide"
seed = 3
[data]
set = "jets/embedded"
split = "stratified"
[model]
hidden = [24, 16]
batch_norm = "full"
[train]
epochs = 2
batch_size = 256
[[stage]]
name = "qat"
quantize = { bits = 12, step = "float", weight_granularity = "channel" }
[[stage]]
name = "qap"
prune = { sparsity = 0.6 }
)";

constexpr const char* kPow2Recipe = R"(
name = "pow2"
seed = 4
[data]
set = "jets/embedded"
split = "stratified"
[model]
hidden = [24, 16]
batch_norm = "none"
[train]
epochs = 2
batch_size = 256
[[stage]]
name = "qat"
quantize = { bits = 4, input_bits = 8, step = "pow2" }
)";

nlohmann::json json_of(const std::vector<std::string>& arguments) {
  const Finished finished = run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << finished.err << finished.out;
  return nlohmann::json::parse(finished.out);
}

std::vector<nlohmann::json> lines_of(const std::string& path, const std::string& event) {
  std::ifstream file(path);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(nlohmann::json::parse(line));
    if (lines.back()["event"] != event) lines.pop_back();
  }
  return lines;
}

void train(const TemporaryFolder& folder, const char* recipe) {
  std::ofstream(folder / "recipe.toml") << recipe;
  const Finished finished =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
}

TEST(Frozen, EvalSaysWhatTheTrainersExactForwardSaid) {
  const TemporaryFolder folder;
  train(folder, kSmallRecipe);
  for (const auto& end : lines_of(folder / "run/metrics.jsonl", "stage_end")) {
    ASSERT_EQ(end["forward"], "exact") << end;
    const std::string model = folder / ("run/stages/" + end["stage"].get<std::string>() + ".pare");
    const auto found =
        json_of({program("pare"), "eval", model, "--data", folder / "recipe.toml", "--json"});
    EXPECT_EQ(found["program"], end["frozen"]["program"]);
    EXPECT_EQ(found["samples"], end["test"]["samples"]);
    EXPECT_EQ(found["accuracy"], end["test"]["accuracy"]);
    EXPECT_EQ(found["average_accuracy"], end["test"]["average_accuracy"]);
    EXPECT_EQ(found["kappa"], end["test"]["kappa"]);
    EXPECT_EQ(found["auc"], end["test"]["auc"]);
    EXPECT_EQ(found["background_efficiency"], end["test"]["background_efficiency"]);
    const auto graph = json_of(
        {program("pare"), "eval", model, "--data", folder / "recipe.toml", "--graph", "--json"});
    EXPECT_EQ(graph["program"], "float graph");
    EXPECT_NEAR(graph["accuracy"].get<double>(), found["accuracy"].get<double>(), 0.002);
  }
}

TEST(Frozen, VerifiesWithNoMismatchInAnyBackend) {
  const TemporaryFolder folder;
  train(folder, kSmallRecipe);
  const Finished finished = run({program("pare"), "verify", folder / "run/model.pare", "--json"});
  EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
}

TEST(Frozen, AnswersSamplesAndIsTimedAndExported) {
  const TemporaryFolder folder;
  train(folder, kPow2Recipe);
  const std::string model = folder / "run/model.pare";
  Tensor raw(DType::kF32, {3, 16});
  for (std::size_t i = 0; i < raw.size(); ++i) {
    raw.as<float>()[i] = static_cast<float>(i % 7) - 3;
  }
  data::write_npy(folder / "in.npy", raw);

  // As one would compute them by hand from the file.
  const model::Model loaded = model::load(model);
  std::vector<double> expected;
  for (std::size_t n = 0; n < 3; ++n) {
    program::Codes codes(16);
    lower::map_input(loaded.deployment->interface, raw.as<float>().subspan(16 * n, 16), codes);
    const auto outputs = run_reference(loaded.deployment->program, {{codes}, {}});
    std::vector<double> values(5);
    lower::map_output(loaded.deployment->interface, outputs.outputs.front(), values);
    expected.insert(expected.end(), values.begin(), values.end());
  }
  const auto inferred = json_of({program("pare"), "infer", model, folder / "in.npy", "-o",
                                 folder / "out.npy", "--head", "values", "--json"});
  EXPECT_EQ(inferred["samples"], 3);
  EXPECT_EQ(data::read_npy(folder / "out.npy"), Tensor::from<double>({3, 5}, expected));

  data::write_npy(folder / "wrong.npy", Tensor(DType::kF32, {3, 15}));
  const Finished wrong =
      run({program("pare"), "infer", model, folder / "wrong.npy", "-o", folder / "no.npy"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_NE(wrong.err.find("[3, 15]"), std::string::npos) << wrong.err;

  const auto timed = json_of({program("pare"), "bench", model, "--seconds", "0.001", "--json"});
  ASSERT_EQ(timed["batches"].size(), 3U);
  EXPECT_GT(timed["batches"][0]["median_ns"], 0);
  EXPECT_EQ(timed["layers"].size(), 3U);

  const auto exported = json_of({program("pare"), "export", model, "--to", "c", "--style",
                                 "unrolled", "-o", folder / "c", "--json"});
  EXPECT_EQ(exported["files"].size(), 3U);
}

TEST(Frozen, TrainingForwardOfPow2NetsWithoutBatchNormHasNoGap) {
  const TemporaryFolder folder;
  train(folder, kPow2Recipe);
  const auto epochs = lines_of(folder / "run/metrics.jsonl", "epoch");
  ASSERT_EQ(epochs.size(), 2U);
  for (const auto& epoch : epochs) {
    const auto& gap = epoch["validation"]["gap"];
    EXPECT_EQ(gap["accuracy"], 0.0);
    EXPECT_EQ(gap["different_codes"], 0);
    EXPECT_GT(gap["codes"], 100'000);
  }
}

TEST(Frozen, WhatCannotBeFrozenSaysWhyAndTheRunGoesOn) {
  const TemporaryFolder folder;
  std::ofstream(folder / "recipe.toml") << kSmallRecipe;
  const Finished finished = run({program("pare"), "run", folder / "recipe.toml", "-o",
                                 folder / "run", "--set", "stage.qat.quantize.activation_bits=32"});
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_NE(finished.err.find("stage 'qat' ends without a program: layer 2 'fc2'"),
            std::string::npos)
      << finished.err;
  const auto ends = lines_of(folder / "run/metrics.jsonl", "stage_end");
  EXPECT_EQ(ends.front()["forward"], "training");
  EXPECT_TRUE(ends.front().contains("not_frozen"));
}

}  // namespace
}  // namespace pare::e2e
