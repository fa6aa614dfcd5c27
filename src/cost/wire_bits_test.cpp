#include "cost/wire_bits.h"

#include <gtest/gtest.h>

#include "cost/test_graphs.h"

namespace pare::cost {
namespace {

WireBits bits_of(const graph::Graph& graph, std::string_view wire) {
  return wire_bits(graph).at(graph::find_wire(graph, wire).value().value);
}

TEST(WireBits, FollowTheQuantizers) {
  graph::Graph graph;
  const auto x = add_input(graph, {4});
  const auto quantized = add_quantize(graph, "quantize_x", x, 12, true);
  const auto relu = graph::add_node(graph, "relu", graph::Relu{}, {quantized});
  const auto dropout = graph::add_node(graph, "dropout", graph::Dropout{}, {relu});
  const auto same = graph::add_node(graph, "same", graph::Transpose{{0}}, {dropout});
  const auto flat = graph::add_node(graph, "flat", graph::Flatten{}, {same});
  graph.output = add_linear(graph, "fc1", flat, 4, 3, kFloatBits);
  EXPECT_EQ(bits_of(graph, "x"), (WireBits{32, true}));
  EXPECT_EQ(bits_of(graph, "quantize_x"), (WireBits{12, true}));
  EXPECT_EQ(bits_of(graph, "flat"), (WireBits{12, true}));
  EXPECT_EQ(bits_of(graph, "fc1"), (WireBits{32, false}));
}

TEST(WireBits, ConcatIsAsWideAsItsWidestPartAndAddOneBitWider) {
  graph::Graph graph;
  const auto x = add_input(graph, {4});
  const auto a = add_quantize(graph, "a", x, 4, true);
  const auto b = add_quantize(graph, "b", add_linear(graph, "fc1", a, 4, 4, 4), 7, false);
  graph::add_node(graph, "concat", graph::Concat{}, {a, b});
  graph.output = graph::add_node(graph, "add", graph::Add{}, {a, b});
  EXPECT_EQ(bits_of(graph, "concat"), (WireBits{7, false}));
  EXPECT_EQ(bits_of(graph, "add"), (WireBits{8, false}));
}

TEST(WireBits, BatchNormAndSoftmaxWriteReals) {
  graph::Graph graph;
  const auto a = add_quantize(graph, "a", add_input(graph, {4}), 4, true);
  graph::add_node(graph, "bn", graph::BatchNorm{}, {a});
  graph.output = graph::add_node(graph, "softmax", graph::Softmax{}, {a});
  EXPECT_EQ(bits_of(graph, "bn"), (WireBits{32, false}));
  EXPECT_EQ(bits_of(graph, "softmax"), (WireBits{32, false}));
}

}  // namespace
}  // namespace pare::cost
