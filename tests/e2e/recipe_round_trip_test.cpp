// Every recipe that pare ships, each of its stages trained for a moment: what a stage leaves is
// written as QONNX (as QDQ where no code has more than 8 bits), read back, and frozen to the very
// program that it left with.

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "e2e/digits.h"
#include "e2e/process.h"
#include "interop/onnx_export.h"
#include "interop/onnx_import.h"
#include "lower/lower.h"
#include "model/model.h"
#include "program/text.h"

namespace pare::e2e {
namespace {

namespace fs = std::filesystem;

/// The recipe for data that every checkout has, and one epoch where it trains.
std::string shortened(std::string recipe) {
  const auto replace = [&](const char* pattern, const char* text) {
    recipe = std::regex_replace(recipe, std::regex(pattern), text);
  };
  replace("\nset = \"jets\"", "\nset = \"jets/embedded\"");
  replace("\nset = \"salinas-a\"", "\nset = \"synthetic/scene\"");
  replace("\nset = \"mnist\"",
          "\ntrain = \"train-images-idx3-ubyte\"\ntest = \"t10k-images-idx3-ubyte\"");
  replace("epochs = [1-9][0-9]*", "epochs = 1");
  replace("\\[data\\]", "[data]\nmax_train_samples = 160");
  return recipe;
}

/// The same with power-of-two steps, and no codes of more than 8 bits.
std::string with_pow2_steps(std::string recipe) {
  recipe = std::regex_replace(recipe, std::regex("bits = (12|16)\\b"), "bits = 8");
  if (recipe.find("\n[quantize]") != std::string::npos) {
    return std::regex_replace(recipe, std::regex("\n\\[quantize\\]"),
                              "\n[quantize]\nstep = \"pow2\"");
  }
  return std::regex_replace(recipe, std::regex("\n\\[train\\]"),
                            "\n[quantize]\nstep = \"pow2\"\n[train]");
}

/// What `graph` becomes on its way through another format.
lower::Lowered there_and_back(const graph::Graph& graph, interop::OnnxForm form) {
  const auto bytes = interop::export_onnx(graph, form);
  const interop::Imported back =
      interop::import_onnx(bytes, "written.onnx", "", {.head = graph.head.kind});
  return lower::lower(back.graph);
}

/// Whether equal raw data become equal codes. A power-of-two step may be multiplied by or divided
/// by: both are exact.
bool are_equal(const lower::InputMap& a, const lower::InputMap& b) {
  lower::InputMap same = a;
  if (a.codec.size() != b.codec.size()) return false;
  for (std::size_t i = 0; i < a.codec.size(); ++i) {
    const bool is_pow2 = std::exp2(std::round(std::log2(a.codec[i].step()))) == a.codec[i].step();
    if (is_pow2 && a.codec[i].step() == b.codec[i].step()) same.codec[i] = b.codec[i];
  }
  return same == b;
}

bool is_of_bytes(const graph::Graph& graph) {
  return std::all_of(graph.parameters.begin(), graph.parameters.end(), [](const auto& parameter) {
    if (parameter.role != graph::Role::kBits) return true;
    // Biases are on the grid of the sums, and int32.
    const bool is_of_bias = parameter.name.find(".bias.") != std::string::npos;
    const auto bits = parameter.stored.template as<std::int32_t>();
    return is_of_bias || *std::max_element(bits.begin(), bits.end()) <= 8;
  });
}

struct ShippedRecipe {
  std::string recipe;
  bool is_pow2;

  friend std::ostream& operator<<(std::ostream& out, const ShippedRecipe& of) {
    return out << of.recipe << (of.is_pow2 ? ", power-of-two steps" : "");
  }
};

class RecipeRoundTrip : public testing::TestWithParam<ShippedRecipe> {};

std::vector<ShippedRecipe> shipped_recipes() {
  std::vector<ShippedRecipe> result;
  for (const auto& entry : fs::directory_iterator(PARE_SOURCE_DIR "/recipes")) {
    if (entry.path().extension() != ".toml") continue;
    // Spikes and time have no form in ONNX.
    if (contents(entry.path().string()).find("[stage.spike]") != std::string::npos) continue;
    for (const bool is_pow2 : {false, true}) result.push_back({entry.path().string(), is_pow2});
  }
  return result;
}

TEST_P(RecipeRoundTrip, EveryStageComesBackAsTheSameProgram) {
  const TemporaryFolder folder;
  write_digits(folder.path(), "train", 250);
  write_digits(folder.path(), "t10k", 40);
  std::string text = shortened(contents(GetParam().recipe));
  if (GetParam().is_pow2) text = with_pow2_steps(text);
  std::ofstream(folder / "recipe.toml") << text;
  const Finished finished =
      run({program("pare"), "run", folder / "recipe.toml", "-o", folder / "run"});
  ASSERT_EQ(finished.exit_code, 0) << finished.err << text;
  int frozen = 0;
  int of_bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder / "run/stages")) {
    const model::Model model = model::load(entry.path().string());
    if (!model.deployment) continue;
    SCOPED_TRACE(entry.path().filename().string());
    std::vector<interop::OnnxForm> forms{interop::OnnxForm::kQonnx};
    if (is_of_bytes(model.graph)) forms.push_back(interop::OnnxForm::kQdq);
    for (const interop::OnnxForm form : forms) {
      const lower::Lowered back = there_and_back(model.graph, form);
      EXPECT_EQ(program::print(back.program), program::print(model.deployment->program));
      EXPECT_TRUE(are_equal(back.interface.input, model.deployment->interface.input));
      EXPECT_EQ(back.interface.output, model.deployment->interface.output);
    }
    ++frozen;
    of_bytes += static_cast<int>(forms.size()) - 1;
  }
  EXPECT_GT(frozen, 0) << finished.out;
  if (GetParam().is_pow2) {
    EXPECT_EQ(of_bytes, frozen);
  }
}

INSTANTIATE_TEST_SUITE_P(All, RecipeRoundTrip, testing::ValuesIn(shipped_recipes()),
                         [](const auto& info) {
                           std::string name = fs::path(info.param.recipe).stem().string();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name + (info.param.is_pow2 ? "_pow2" : "");
                         });

}  // namespace
}  // namespace pare::e2e
