#include "graph/json.h"

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "graph/check.h"
#include "graph/enum_names.h"
#include "graph/test_graphs.h"

namespace pare::graph {
namespace {

using testing::HasSubstr;

Graph two_layers() {
  TestGraph test({2});
  test.node("input.quantize", Quantize{test.fixed("input.quantize", 8, true, 4)});
  test.linear("fc1", {3, 2}, {1, 2, 3, 4, 5, 6}, {0, 0, 0});
  test.quantize_layer("fc1", 6);
  test.node("fc1.relu", Relu{});
  test.linear("fc2", {1, 3}, {1, 2, 3}, {0});
  test.parameter("fc1.weight").mask = Tensor(DType::kU8, {3, 2});
  return test.graph;
}

/// What reading says after `change` was made to the JSON of two_layers.
std::string message_after(const std::function<void(nlohmann::json&)>& change) {
  const Graph graph = two_layers();
  nlohmann::json json = write_json(graph);
  change(json);
  try {
    read_json(json, tensors_of(graph));
  } catch (const InputError& error) {
    return error.what();
  }
  return "read without complaint";
}

RC_GTEST_PROP(GraphJson, RoundTripsEveryGraph, ()) {
  const Graph graph = random_graph();
  check(graph);
  const std::string text = write_json(graph).dump();
  const Graph again = read_json(nlohmann::json::parse(text), tensors_of(graph));
  RC_TAG(graph.nodes.size());
  RC_ASSERT(again == graph);
}

TEST(GraphJson, RoundTripsMasksInputsAndHeads) {
  Graph graph = two_layers();
  graph.inputs.front().mean = {0.1, -1e300};
  graph.inputs.front().scale = {3, 0.7};
  graph.inputs.front().units = "GeV";
  graph.head = {HeadKind::kProbabilities, {"top ⟨t⟩"}};
  const std::string text = write_json(graph).dump();
  EXPECT_EQ(read_json(nlohmann::json::parse(text), tensors_of(graph)), graph);
}

TEST(GraphJson, SaysHowAWeightIsTrainedWhereItIsInferredOtherwise) {
  Graph graph = two_layers();
  EXPECT_EQ(write_json(graph).dump().find("training_map"), std::string::npos);
  for (Parameter& parameter : graph.parameters) {
    if (parameter.role == Role::kWeight && parameter.quantizer) {
      parameter.quantizer->training_map = TrainingMap::kAffine;
    }
  }
  const nlohmann::json json = write_json(graph);
  EXPECT_NE(json.dump().find(R"("training_map":"affine")"), std::string::npos);
  EXPECT_EQ(read_json(json, tensors_of(graph)), graph);
}

TEST(GraphJson, RefersByName) {
  const auto json = write_json(two_layers());
  EXPECT_EQ(json["nodes"][1]["op"]["weight"], "fc1.weight");
  EXPECT_EQ(json["nodes"][1]["inputs"][0], "input.quantize");
  EXPECT_EQ(json["parameters"][2]["role"], "weight");
}

TEST(GraphJson, NamesWhatIsMissingOrUnknown) {
  EXPECT_THAT(message_after([](auto& j) { j.erase("output"); }), HasSubstr("has no 'output'"));
  EXPECT_THAT(message_after([](auto& j) { j["outputs"] = 1; }), HasSubstr("mean 'output'"));
  EXPECT_THAT(message_after([](auto& j) { j["nodes"][1].erase("op"); }),
              HasSubstr("graph.nodes[1] 'fc1': has no 'op'"));
  EXPECT_THAT(message_after([](auto& j) { j["nodes"][1]["op"]["kind"] = "liner"; }),
              HasSubstr("unknown kind 'liner'; did you mean 'linear'?"));
  EXPECT_THAT(message_after([](auto& j) { j["nodes"][1]["op"]["weight"] = "fc7.weight"; }),
              HasSubstr("'fc1'.op.weight: there is no parameter 'fc7.weight'"));
  EXPECT_THAT(message_after([](auto& j) { j["parameters"][2]["role"] = "wait"; }),
              HasSubstr("'wait' is none of weight, bias"));
}

TEST(GraphJson, RefusesWrongTypes) {
  EXPECT_THAT(message_after([](auto& j) { j["nodes"] = 3; }), HasSubstr("expected a list"));
  EXPECT_THAT(message_after([](auto& j) { j["nodes"][0] = nullptr; }),
              HasSubstr("expected an object"));
  EXPECT_THAT(message_after([](auto& j) { j["inputs"][0]["shape"][0] = 2.5; }),
              HasSubstr("expected an integer"));
  EXPECT_THAT(message_after([](auto& j) { j["inputs"][0]["shape"][0] = 18446744073709551615U; }),
              HasSubstr("found 18446744073709551615, expected an integer"));
  EXPECT_THAT(message_after([](auto& j) { j = nlohmann::json::array(); }),
              HasSubstr("graph: found an array of 0, expected an object"));
}

TEST(GraphJson, NamesTensorsThatDoNotFit) {
  const Graph graph = two_layers();
  const auto message = [&](const std::function<void(std::map<std::string, Tensor>&)>& change) {
    auto tensors = tensors_of(graph);
    change(tensors);
    try {
      read_json(write_json(graph), tensors);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("read without complaint");
  };
  EXPECT_THAT(message([](auto& t) { t.erase("fc2.weight"); }),
              HasSubstr("tensor 'fc2.weight' is missing: expected f32 [1, 3]"));
  EXPECT_THAT(message([](auto& t) { t.erase("fc1.weight.mask"); }),
              HasSubstr("tensor 'fc1.weight.mask' is missing"));
  EXPECT_THAT(message([](auto& t) { t["fc9"] = Tensor(); }),
              HasSubstr("tensor 'fc9' belongs to no parameter"));
  EXPECT_THAT(message([](auto& t) {
                t["fc2.weight"] = Tensor(DType::kF64, {1, 3});
              }),
              HasSubstr("tensor 'fc2.weight' is f64 [1, 3], expected f32 [1, 3]"));
}

template <class E>
void expect_distinct_names() {
  std::set<std::string_view> names;
  std::set<E> values;
  for (const auto& [value, name] : EnumNames<E>::list) {
    values.insert(value);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), EnumNames<E>::list.size());
  EXPECT_EQ(values.size(), EnumNames<E>::list.size());
}

TEST(EnumNames, TellEnumeratorsApart) {
  expect_distinct_names<Role>();
  expect_distinct_names<Rounding>();
  expect_distinct_names<StepRule>();
  expect_distinct_names<RangeRule>();
  expect_distinct_names<TrainingMap>();
  expect_distinct_names<Time>();
  expect_distinct_names<HeadKind>();
  expect_distinct_names<DType>();
}

}  // namespace
}  // namespace pare::graph
