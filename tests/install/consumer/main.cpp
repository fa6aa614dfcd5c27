// What a user of the installed library does first: builds a network of one layer, writes it down,
// reads it back, and evaluates it; then loads a frozen model and runs it in the engine, which must
// compute what the model says it does. Usage: consumer MODEL
#include <cstdio>
#include <span>
#include <vector>

#include <base/error.h>
#include <base/tensor.h>
#include <base/version.h>
#include <engine/session.h>
#include <graph/check.h>
#include <graph/evaluate.h>
#include <graph/graph.h>
#include <graph/json.h>
#include <model/model.h>
#include <nlohmann/json.hpp>

namespace {

using pare::Tensor;
namespace graph = pare::graph;

/// y = relu([[3, 4], [-5, 6]] x).
graph::Graph small_network() {
  graph::Graph network{.name = "small"};
  const auto input = graph::add_wire(network, "input");
  network.inputs.push_back({.wire = input, .shape = {2}});
  const auto weight =
      graph::add_parameter(network, {.name = "fc.weight",
                                     .role = graph::Role::kWeight,
                                     .stored = Tensor::from<float>({2, 2}, {3, 4, -5, 6})});
  const auto sums =
      graph::add_node(network, "fc", graph::Linear{.weight = weight, .bias = {}}, {input});
  network.output = graph::add_node(network, "relu", graph::Relu{}, {sums});
  return network;
}

bool evaluates_a_graph() {
  const auto written = small_network();
  graph::check(written);
  const auto read = graph::read_json(graph::write_json(written), graph::tensors_of(written));
  const auto output = graph::evaluate(read, Tensor::from<float>({1, 2}, {2, 1}));
  return output == Tensor::from<double>({1, 2}, {10, 0});
}

/// All golden samples of a model as one batch.
bool runs_a_model(const char* path) {
  const auto deployment = pare::model::load(path).deployment.value();
  const auto& program = deployment.program;
  const auto& golden = deployment.golden;
  std::vector<std::int64_t> inputs;
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < golden.num_samples; ++i) {
    const auto input = codes_of(golden, program.inputs.front(), i);
    const auto output = codes_of(golden, program.outputs.front(), i);
    inputs.insert(inputs.end(), input.begin(), input.end());
    expected.insert(expected.end(), output.begin(), output.end());
  }
  const pare::engine::Engine engine(program, deployment.interface);
  pare::engine::Session session(engine);
  std::vector<std::int64_t> outputs(expected.size());
  const std::vector<std::span<const std::int64_t>> from = {inputs};
  const std::vector<std::span<std::int64_t>> to = {outputs};
  const auto status =
      session.run(static_cast<std::size_t>(golden.num_samples), from, golden.trip_counts, to);
  std::printf("%zu codes: %s\n", outputs.size(), pare::engine::describe(status).data());
  return status == pare::engine::Status::kOk && !outputs.empty() && outputs == expected;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool is_right = argc == 2 && evaluates_a_graph() && runs_a_model(argv[1]);
    std::printf("pare %s: %s\n", pare::version().data(), is_right ? "fine" : "wrong");
    return is_right ? 0 : 1;
  } catch (const pare::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
