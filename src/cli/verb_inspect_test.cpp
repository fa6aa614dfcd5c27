#include "cli/verb_inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "lower/lower.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

model::Model jets_model() {
  auto graph = rewrite::mlp({}, {16}, {"g", "q", "w", "z", "t"}, 1);
  graph = rewrite::quantize(graph, {}, 8);
  return {rewrite::prune(graph, {.fractions = {0.5}}),
          {{"data", "simulated jets"}, {"recipe", "a = 1\nb = 2\n"}}};
}

TEST(RenderModel, ShowsLayersTotalsAndProvenance) {
  const std::string text = render_model(jets_model());
  EXPECT_THAT(text, HasSubstr("input   f32 [16]\n"));
  EXPECT_THAT(text, HasSubstr("argmax of g, q, w, z, t"));
  EXPECT_THAT(text, HasSubstr("s6 narrow, max_abs, float step"));
  EXPECT_THAT(text, HasSubstr("u6, learned, float step"));
  EXPECT_THAT(text, testing::ContainsRegex("total +4 648 +4 256 +50.00 %"));
  EXPECT_THAT(text, HasSubstr("data: simulated jets"));
  EXPECT_THAT(text, testing::Not(HasSubstr("b = 2")));
}

TEST(DescribeModel, HasTheSameAsAnObject) {
  const auto json = describe_model(jets_model());
  EXPECT_EQ(json["total"]["parameters"], 4648);
  EXPECT_EQ(json["total"]["weights_alive"], 2128);
  EXPECT_EQ(json["layers"][0]["layer"], "input.quantize");
  EXPECT_EQ(json["layers"][0]["grid"]["bits"], 16);
  EXPECT_EQ(json["layers"][1]["op"], "linear");
  EXPECT_GT(json["layers"][1]["grid"]["bits"], 20);
  EXPECT_FALSE(json["layers"][2].contains("grid"));
  EXPECT_EQ(json["provenance"]["recipe"], "a = 1\nb = 2\n");
}

TEST(RenderModel, ShowsTheProgramOfAFrozenNet) {
  model::Model model = jets_model();
  lower::Lowered lowered = lower::lower(model.graph);
  const std::vector<program::Inputs> zeros = {{{program::Codes(16, 0)}, {}}};
  model.deployment = model::Deployment{.program = lowered.program,
                                       .interface = lowered.interface,
                                       .golden = model::make_golden(lowered.program, zeros),
                                       .notes = {"something was rounded"}};
  const std::string text = render_model(model);
  EXPECT_THAT(text, HasSubstr("program " + program::hash(lowered.program)));
  EXPECT_THAT(text, testing::ContainsRegex("fc1 +linear +\\[[0-9]+\\] +s[0-9]+ +s[0-9]+ +s6"));
  EXPECT_THAT(text, HasSubstr("note: something was rounded"));
  const auto json = describe_model(model);
  EXPECT_EQ(json["program"]["sha256"], program::hash(lowered.program));
  EXPECT_EQ(json["program"]["ops"].size(), lowered.program.sections.front().nodes.size());
}

}  // namespace
}  // namespace pare::cli
