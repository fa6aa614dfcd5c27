#include "cli/wire_difference.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "cost/test_graphs.h"

namespace pare::cli {
namespace {

graph::Evaluation traced(const std::vector<double>& x, const std::vector<double>& y) {
  graph::Evaluation evaluation;
  const auto size = [](const std::vector<double>& v) {
    return Shape{static_cast<std::int64_t>(v.size())};
  };
  evaluation.wires["x"] = Tensor::from<double>(size(x), x);
  evaluation.wires["y"] = Tensor::from<double>(size(y), y);
  return evaluation;
}

TEST(CommonWires, AreThoseOfOneNameAndShapeInOrder) {
  const graph::Graph a = cost::jets_graph(6, 16);
  graph::Graph b;
  const auto x = cost::add_input(b, {16});
  const auto other = cost::add_linear(b, "fc1", x, 16, 8, 6);  // [64] in a
  b.output = cost::add_linear(b, "output", other, 8, 5, 6);
  EXPECT_EQ(common_wires(a, b), (std::vector<std::string>{"x", "output"}));
  EXPECT_EQ(common_wires(a, a).size(), a.wires.size());
}

TEST(WireDifferences, NameTheFirstWireThatDiffers) {
  WireDifferences differences({"x", "y"});
  differences.add(traced({1, 2}, {3, 4}), traced({1, 2}, {3, 4.5}));
  differences.add(traced({5, 6}, {7, 8}), traced({5, 6}, {5, 8}));
  EXPECT_EQ(differences.first(), (WireDifference{"y", 4, 2, 2.0}));
  EXPECT_EQ(differences.all()[0], (WireDifference{"x", 4, 0, 0}));
}

TEST(WireDifferences, OfEqualValuesAreNone) {
  WireDifferences differences({"x", "y"});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  differences.add(traced({1, nan}, {0.0}), traced({1, nan}, {-0.0}));
  EXPECT_EQ(differences.first(), std::nullopt);
}

TEST(WireDifferences, OneNanIsInfinitelyFar) {
  WireDifferences differences({"x", "y"});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  differences.add(traced({1, nan}, {}), traced({2, 5}, {}));
  EXPECT_EQ(differences.first()->differing, 2);
  EXPECT_TRUE(std::isinf(differences.first()->largest));
}

}  // namespace
}  // namespace pare::cli
