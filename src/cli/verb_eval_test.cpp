#include "cli/verb_eval.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "cli/evaluation.h"
#include "cli/model_run.h"
#include "cli/program_run.h"
#include "cli/test_scene_models.h"
#include "data/load.h"
#include "data/npy.h"
#include "graph/evaluate.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::vector<std::string> kClassesOfScene{"a", "b", "c", "d", "e", "f"};

class EvalOfScenes : public testing::Test {
 protected:
  EvalOfScenes() {
    write("scene.toml", "[data]\nset = \"synthetic/scene\"\npatch = 3\n");
    save("frozen.pare", random_scene_model({32, 3, 3}, kClassesOfScene, 7));
  }

  std::string path(const std::string& name) const { return folder_ / name; }
  void save(const std::string& name, const model::Model& model) const {
    model::save(path(name), model);
  }
  void write(const std::string& name, const std::string& data) const {
    write_file_atomic(path(name), "name = \"t\"\n" + data + "[[stage]]\nname = \"float\"\n");
  }

  nlohmann::json evaluated(std::vector<std::string> more,
                           const std::string& model = "frozen.pare") const {
    more.insert(more.begin(), {"eval", path(model), "--data", path("scene.toml"), "--json"});
    std::ostringstream out;
    CLI::App app;
    const Verb verb = add_eval(app);
    std::reverse(more.begin(), more.end());
    app.parse(more);
    Output output(out, out, false);
    output.set_json();
    EXPECT_EQ(verb.run(output), kFine);
    return nlohmann::json::parse(out.str());
  }

  /// The figures of outputs for samples that were all cut at once.
  static nlohmann::json figures(const graph::Graph& graph, const std::vector<double>& outputs,
                                const data::Samples& samples) {
    return evaluation_json(classify_outputs(graph, outputs, samples.labels.as<std::int64_t>()),
                           kClassesOfScene);
  }
  static void expect_same(const nlohmann::json& found, const nlohmann::json& expected) {
    for (const auto& [figure, value] : expected.items()) {
      EXPECT_EQ(found.at(figure), value) << figure;
    }
  }

 private:
  TemporaryFolder folder_;
};

std::vector<double> graph_on_all(const graph::Graph& graph, const data::Samples& samples) {
  return graph::evaluate(graph, graph::map_input(graph, samples.inputs)).to_doubles();
}

TEST_F(EvalOfScenes, HasTheFiguresOfSamplesThatAreCutAtOnce) {
  const data::Dataset set = data::load(recipe::data_request(recipe::read(path("scene.toml"))));
  const model::Model model = model::load(path("frozen.pare"));
  for (const std::string split : {"test", "validation"}) {
    SCOPED_TRACE(split);
    const data::Samples& samples = split == "test" ? set.test : set.validation;
    const auto program = evaluated({"--split", split});
    expect_same(program,
                figures(model.graph, run_program(*model.deployment, samples.inputs, {}), samples));
    EXPECT_EQ(program.at("program"), program::hash(model.deployment->program));
    EXPECT_EQ(program.at("data").at("description"), set.description);
    const auto graph = evaluated({"--split", split, "--graph"});
    expect_same(graph, figures(model.graph, graph_on_all(model.graph, samples), samples));
    EXPECT_EQ(graph.at("program"), "float graph");
  }
}

TEST_F(EvalOfScenes, StatisticsOfABatchAreThoseOfAllSamples) {
  model::Model model = without_program(random_scene_model({32, 3, 3}, kClassesOfScene, 7));
  graph::Graph& graph = model.graph;
  graph.output = graph::add_node(graph, "bn", graph::BatchNorm{}, {graph.output});
  save("bn.pare", model);
  const data::Samples test =
      data::load(recipe::data_request(recipe::read(path("scene.toml")))).test;
  expect_same(evaluated({}, "bn.pare"), figures(graph, graph_on_all(graph, test), test));
}

TEST_F(EvalOfScenes, NeedNotHoldAllPatches) {
  // 40000 patches of 40 x 39 x 39 float32 are 9.1 GiB; those that validate are 16.
  data::write_npy(path("cube.npy"), Tensor(DType::kF32, {200, 200, 40}));
  Tensor labels(DType::kU8, {200, 200});
  for (std::size_t i = 0; i < labels.size(); ++i) labels.as<std::uint8_t>()[i] = i % 2 == 0 ? 1 : 2;
  data::write_npy(path("labels.npy"), labels);
  write("scene.toml",
        "[data]\ncube = \"cube.npy\"\nlabel_map = \"labels.npy\"\npatch = 39\n"
        "train_fraction = 0.4\nvalidation_fraction = 0.001\n");
  EXPECT_THAT([&] { data::load(recipe::data_request(recipe::read(path("scene.toml")))); },
              ThrowsMessage<InputError>(HasSubstr("at most 8 are allowed")));
  save("large.pare", random_scene_model({40, 39, 39}, {"1", "2"}, 8));
  EXPECT_EQ(evaluated({"--split", "validation"}, "large.pare").at("samples"), 16);
}

TEST_F(EvalOfScenes, RefusesAModelOfOtherPatches) {
  save("wide.pare", random_scene_model({32, 5, 5}, kClassesOfScene, 7));
  EXPECT_THAT(
      [&] { evaluated({}, "wide.pare"); },
      ThrowsMessage<InputError>(HasSubstr("a sample is [32, 3, 3], the network takes [32, 5, 5]")));
}

}  // namespace
}  // namespace pare::cli
