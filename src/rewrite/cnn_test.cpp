#include "rewrite/cnn.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/infer.h"

namespace pare::rewrite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

recipe::Model mnist_model() {
  recipe::Model model;
  model.kind = recipe::ModelKind::kCnn;
  model.convolutions = {{.channels = 16, .pool = recipe::Pool::kMax},
                        {.channels = 32, .kernel = {3, 3}, .pool = recipe::Pool::kMax},
                        {.channels = 32}};
  model.hidden = {};
  return model;
}

std::vector<std::string> names_of(const graph::Graph& graph) {
  std::vector<std::string> names;
  for (const graph::Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

Shape shape_of(const graph::Graph& graph, const std::string& wire) {
  return infer_shapes(graph).at(find_wire(graph, wire).value().value).shape;
}

TEST(Cnn, StandsConvolutionsInFrontOfAnMlp) {
  const graph::Graph graph = cnn(mnist_model(), {28, 28}, std::vector<std::string>(10, "c"), 1);
  EXPECT_NO_THROW(check(graph));
  EXPECT_THAT(names_of(graph),
              ElementsAre("channels", "conv1", "conv1.bn", "conv1.relu", "conv1.pool", "conv2",
                          "conv2.bn", "conv2.relu", "conv2.pool", "conv3", "conv3.bn", "conv3.relu",
                          "flatten", "output"));
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{16, 28, 28}));
  EXPECT_EQ(shape_of(graph, "conv2.pool"), (Shape{32, 7, 7}));
  EXPECT_EQ(shape_of(graph, "flatten"), (Shape{32 * 49}));
  EXPECT_EQ(graph.inputs.front().shape, (Shape{28, 28}));
}

TEST(Cnn, OneSpatialAxisOfManyChannels) {
  recipe::Model model = mnist_model();
  model.convolutions = {{.channels = 4, .kernel = {5}, .stride = {2}, .groups = 2}};
  // Two axes are an image; three are two spatial ones; a line has a channel axis in the data.
  EXPECT_EQ(shape_of(cnn(model, {6, 8, 20}, {"a"}, 1), "conv1"), (Shape{4, 4, 10}));
  model.spatial_axes = 1;
  EXPECT_EQ(shape_of(cnn(model, {6, 20}, {"a"}, 1), "conv1"), (Shape{4, 10}));
  model.convolutions = {{.channels = 4, .kernel = {3}}};
  EXPECT_EQ(shape_of(cnn(model, {20}, {"a"}, 1), "conv1"), (Shape{4, 20}));
}

TEST(Cnn, ChannelsBecomeAnAxisOfAnImage) {
  recipe::Model model = mnist_model();
  model.spatial_axes = 3;
  model.convolutions = {{.channels = 9, .kernel = {4, 3, 3}, .stride = {2, 1, 1}, .pads = {0}},
                        {.reshape = {1, 9, 6, 1}, .channels = 5, .kernel = {3, 3, 1}, .pads = {0}}};
  const graph::Graph graph = cnn(model, {14, 3, 3}, {"a", "b"}, 1);
  EXPECT_NO_THROW(check(graph));
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{9, 6, 1, 1}));
  EXPECT_EQ(shape_of(graph, "conv2.reshape"), (Shape{1, 9, 6, 1}));
  EXPECT_EQ(shape_of(graph, "conv2"), (Shape{5, 7, 4, 1}));
  EXPECT_EQ(graph.parameter(find_parameter(graph, "conv2.weight").value()).stored.shape(),
            (Shape{5, 1, 3, 3, 1}));
}

TEST(Cnn, RefusesToReshapeToAnotherSize) {
  const auto refusal = [](const std::vector<std::int64_t>& reshape) -> std::string {
    recipe::Model model = mnist_model();
    model.convolutions[1].reshape = reshape;
    try {
      cnn(model, {28, 28}, {"a"}, 1);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  // conv1.pool is [16, 14, 14].
  EXPECT_EQ(refusal({1, 56, 56}), "");
  EXPECT_THAT(refusal({1, 56, 55}), HasSubstr("conv2.reshape"));
  EXPECT_THAT(refusal({1, 56, 55}), HasSubstr("expected as many elements"));
  EXPECT_THAT(refusal({1, 1 << 24, 1 << 24, 1 << 24}), HasSubstr("expected 3: channels and 2"));
  EXPECT_THAT(refusal({1 << 24, 1 << 24, 1 << 24}), HasSubstr("more elements than 2^63"));
}

TEST(Cnn, DepthwiseValidAndGlobal) {
  recipe::Model model = mnist_model();
  model.convolutions = {{.channels = 6,
                         .kernel = {3, 1, 5},
                         .padding = recipe::Padding::kValid,
                         .groups = 3,
                         .pool = recipe::Pool::kAverage,
                         .pool_size = {1, 1, 2}}};
  model.global_average_pool = true;
  model.activation = recipe::Activation::kLeakyRelu;
  const graph::Graph graph = cnn(model, {3, 4, 5, 9}, {"a", "b"}, 1);
  EXPECT_EQ(graph.parameter(find_parameter(graph, "conv1.weight").value()).stored.shape(),
            (Shape{6, 1, 3, 1, 5}));
  EXPECT_EQ(shape_of(graph, "conv1"), (Shape{6, 2, 5, 5}));
  EXPECT_EQ(shape_of(graph, "conv1.pool"), (Shape{6, 2, 5, 2}));
  EXPECT_EQ(shape_of(graph, "pool"), (Shape{6, 1, 1, 1}));
  EXPECT_NE(find_node(graph, "conv1.leaky_relu"), nullptr);
}

TEST(Cnn, EvenKernelsKeepTheSizeToo) {
  recipe::Model model = mnist_model();
  model.convolutions = {{.channels = 2, .kernel = {2, 4}}};
  EXPECT_EQ(shape_of(cnn(model, {1, 5, 6}, {"a"}, 1), "conv1"), (Shape{2, 5, 6}));
}

TEST(Cnn, ErrorsNameTheLayer) {
  const auto message = [](auto&& change, const Shape& sample) -> std::string {
    recipe::Model model = mnist_model();
    change(model.convolutions[1]);
    try {
      cnn(model, sample, {"a"}, 1);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message([](auto& c) { c.groups = 5; }, {28, 28}), HasSubstr("conv2: groups = 5"));
  EXPECT_THAT(message([](auto& c) { c.stride = {1, 1, 1}; }, {28, 28}), HasSubstr("conv1"));
  EXPECT_THAT(message([](auto& c) { c.kernel = {}; }, {28, 28}),
              HasSubstr("conv2: kernel has 0 numbers, expected one or 2"));
  EXPECT_THAT(message(
                  [](auto& c) {
                    c.padding = recipe::Padding::kValid;
                    c.kernel = {15, 3};
                  },
                  {28, 28}),
              HasSubstr("layer 2 'conv2': a window of 15 does not fit"));
}

TEST(Network, IsOfTheRecipesKind) {
  EXPECT_EQ(network(mnist_model(), {28, 28}, {"a"}, 1).nodes.front().name, "channels");
  EXPECT_EQ(network({}, {4}, {"a"}, 1).nodes.front().name, "fc1");
}

}  // namespace
}  // namespace pare::rewrite
