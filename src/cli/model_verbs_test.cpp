// The verbs that read models, from the command line to what they print.

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "cli/verb_compare.h"
#include "cli/verb_cost.h"
#include "cli/verb_eval.h"
#include "cost/test_graphs.h"
#include "model/model.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kRecipe = R"(
name = "made"
seed = 3
[data]
set = "synthetic/mixture"
synthetic_samples = 2000
[[stage]]
name = "float"
)";

class ModelVerbs : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("pare-model-verbs-" + std::to_string(getpid()) + "-" + test->name());
    std::filesystem::create_directories(folder_);
    write_file_atomic(path("recipe.toml"), kRecipe);
    save("float.pare", cost::kFloatBits, cost::kFloatBits);
    save("quantized.pare", 6, 16);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// A jets network with random weights.
  void save(const std::string& name, int bits, int input_bits) const {
    graph::Graph graph = cost::jets_graph(bits, input_bits);
    graph.name = "jets";
    const Philox random(5, RandomStream::kInit);
    std::uint64_t index = 0;
    for (graph::Parameter& parameter : graph.parameters) {
      if (parameter.role != graph::Role::kWeight && parameter.role != graph::Role::kGain) continue;
      for (float& x : parameter.stored.as<float>()) {
        x = static_cast<float>(random.normal(index++)) / 4;
      }
    }
    model::save(path(name), {.graph = graph});
  }

  /// What a verb prints with --json.
  template <class Add>
  static nlohmann::json json_of(Add&& add, std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    std::ostringstream out;
    std::ostringstream err;
    CLI::App app;
    const Verb verb = add(app);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    Output output(out, err, false);
    output.set_json();
    EXPECT_EQ(verb.run(output), kFine);
    EXPECT_EQ(err.str(), "");
    return nlohmann::json::parse(out.str());
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(ModelVerbs, CostFollowsItsOptions) {
  const std::string model = path("quantized.pare");
  EXPECT_EQ(json_of(add_cost, {"cost", model})["total"]["bops"], 412960.0);
  const auto real = json_of(add_cost, {"cost", model, "--input-bits", "real"});
  EXPECT_EQ(real["layers"][0]["input_bits"], 16);
  EXPECT_EQ(real["assumptions"]["input_bits"], "real");
  const auto repository = json_of(add_cost, {"cost", model, "--counting", "repository"});
  EXPECT_EQ(repository["assumptions"]["counting"], "repository");
  EXPECT_EQ(repository["model"], model);
}

TEST_F(ModelVerbs, EvalGivesTheMetricsOfASplit) {
  const std::vector<std::string> arguments{"eval", path("float.pare"), "--data",
                                           path("recipe.toml")};
  const auto test = json_of(add_eval, arguments);
  EXPECT_EQ(test["data"]["split"], "test");
  EXPECT_THAT(test["data"]["description"].get<std::string>(), HasSubstr("synthetic"));
  EXPECT_EQ(test["auc"].size(), 5U);
  EXPECT_GT(test["samples"].get<int>(), 0);
  auto of_validation = arguments;
  of_validation.insert(of_validation.end(), {"--split", "validation"});
  const auto validation = json_of(add_eval, of_validation);
  EXPECT_EQ(validation["data"]["split"], "validation");
  EXPECT_NE(validation["auc_macro"], test["auc_macro"]);
  EXPECT_EQ(json_of(add_eval, arguments), test);
}

TEST_F(ModelVerbs, CompareNamesTheFirstWireThatDiffers) {
  const auto json = json_of(add_compare, {"compare", path("float.pare"), path("quantized.pare"),
                                          "--data", path("recipe.toml")});
  EXPECT_EQ(json["a"]["total"]["bops"], 4652832.0);
  EXPECT_EQ(json["b"]["total"]["bops"], 412960.0);
  EXPECT_EQ(json["data"]["first_difference"]["wire"], "fc1");
  EXPECT_GT(json["data"]["first_difference"]["largest"].get<double>(), 0);
  const auto eval =
      json_of(add_eval, {"eval", path("quantized.pare"), "--data", path("recipe.toml")});
  EXPECT_EQ(json["data"]["b"]["accuracy"], eval["accuracy"]);
}

TEST_F(ModelVerbs, CompareOfAModelWithItselfFindsNoDifference) {
  const auto json = json_of(add_compare, {"compare", path("quantized.pare"), path("quantized.pare"),
                                          "--data", path("recipe.toml")});
  EXPECT_TRUE(json["data"]["first_difference"].is_null());
  EXPECT_GT(json["data"]["wires_compared"].get<int>(), 8);
  EXPECT_FALSE(
      json_of(add_compare, {"compare", path("float.pare"), path("float.pare")}).contains("data"));
}

TEST_F(ModelVerbs, MissingModelIsAnInputError) {
  CLI::App app;
  const Verb verb = add_cost(app);
  std::ostringstream text;
  Output output(text, text, false);
  std::vector<std::string> arguments{path("absent.pare"), "cost"};
  app.parse(arguments);
  EXPECT_THROW(verb.run(output), InputError);
}

}  // namespace
}  // namespace pare::cli
