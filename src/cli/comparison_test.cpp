#include "cli/comparison.h"

#include <gmock/gmock.h>

namespace pare::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

cost::LayerCost layer(const char* name, int bits, std::int64_t nonzero, double bops) {
  cost::LayerCost cost;
  cost.layer = name;
  cost.inputs = 16;
  cost.outputs = 64;
  cost.input_bits = 32;
  cost.weights = {.count = 1024, .nonzero = nonzero, .nonzero_quantized = nonzero, .bits = bits};
  cost.bops = bops;
  return cost;
}

NamedCost model(const char* name, std::vector<cost::LayerCost> layers, double bops) {
  NamedCost named{name, {}};
  named.report.layers = std::move(layers);
  named.report.total.bops = bops;
  return named;
}

TEST(Comparison, ShowsTotalsWithTheirRatio) {
  const std::string text =
      render_comparison(model("a.pare", {}, 412960), model("b.pare", {}, 189672));
  EXPECT_THAT(text, HasSubstr("a.pare   b.pare"));
  EXPECT_THAT(text, HasSubstr("412 960  189 672   2.18"));
}

TEST(Comparison, ShowsWhereLayersDiffer) {
  const std::string text = render_comparison(model("a", {layer("fc1", 32, 1024, 1118208)}, 1),
                                             model("b", {layer("fc1", 6, 256, 239616)}, 1));
  EXPECT_THAT(text, HasSubstr("32 → 6"));
  EXPECT_THAT(text, HasSubstr("0.0 → 75.0"));
  EXPECT_THAT(text, HasSubstr("1 118 208 → 239 616"));
  EXPECT_THAT(text, HasSubstr("16 x 64 "));
  EXPECT_THAT(text, Not(HasSubstr("16 x 64 → ")));
}

TEST(Comparison, ShowsLayersThatOnlyOneModelHas) {
  const std::string text = render_comparison(model("a", {layer("old", 6, 1, 5)}, 1),
                                             model("b", {layer("new", 4, 1, 7)}, 1));
  EXPECT_THAT(text, HasSubstr("6 → -"));
  EXPECT_THAT(text, HasSubstr("- → 4"));
}

TEST(Comparison, HasNoRatioToNothing) {
  const std::string text = render_comparison(model("a", {}, 5), model("b", {}, 0));
  EXPECT_THAT(text, HasSubstr("BOPs                     5  0      -"));
}

}  // namespace
}  // namespace pare::cli
