#include "train/exact_score.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "engine/session.h"
#include "graph/infer.h"
#include "nn/exact_forward.h"
#include "train/loss.h"

namespace pare::train {
namespace {

/// Buffers of so many samples of a small net stay in the cache.
constexpr std::int64_t kBatch = 2048;
/// Samples of a net with time whose codes are compared, all steps of all neurons.
constexpr std::int64_t kMostCompared = 128;

std::int64_t batch_of(const lower::Lowered& lowered) {
  std::int64_t largest = 1;
  for (const program::Buffer& buffer : lowered.program.buffers) {
    largest = std::max(largest, num_elements(buffer.shape));
  }
  return samples_at_once(largest, kBatch);
}

/// The wires that Quantize and Spike nodes write, which the program may hold too, with their steps.
std::map<std::string, double> steps_of_codes(const graph::Graph& graph) {
  const auto infos = graph::infer(graph);
  std::map<std::string, double> steps;
  for (const graph::Node& node : graph.nodes) {
    const bool makes_codes = std::holds_alternative<graph::Quantize>(node.op) ||
                             std::holds_alternative<graph::Spike>(node.op);
    if (!makes_codes) continue;
    const auto& grid = infos[node.outputs.front().value].grid;
    const bool is_comparable = grid && grid->step.size() == 1 && grid->zero_point == 0;
    if (is_comparable) steps[graph.wire(node.outputs.front()).name] = grid->step.front();
  }
  return steps;
}

/// Compares what training says with the codes of the exact forward.
void compare_codes(const std::map<std::string, torch::Tensor>& trained,
                   const nn::ExactForward::Result& exact,
                   const std::map<std::string, double>& steps, Gap& gap) {
  for (const auto& [wire, step] : steps) {
    const auto found = exact.codes.find(wire);
    if (found == exact.codes.end()) continue;
    // Values are codes of at most 16 bits times the step, rounded once or twice: float32 is enough.
    const std::int64_t samples = found->second.size(0);
    torch::Tensor codes = (trained.at(wire).to(torch::kCPU) / step).round();
    const std::int64_t steps_taken = codes.size(0) / samples;
    codes = codes.reshape({steps_taken, samples, -1});
    const std::vector<std::int64_t>& kept = exact.kept.at(wire);
    if (!kept.empty()) codes = codes.index_select(2, torch::tensor(kept, torch::kInt64));
    codes = codes.transpose(0, 1).flatten(1);
    gap.different_codes += codes.ne(found->second.to(torch::kFloat32)).sum().item<std::int64_t>();
    gap.codes += codes.numel();
  }
}

double accuracy_of(const torch::Tensor& values, const torch::Tensor& labels) {
  const auto right = values.argmax(1).eq(labels).sum().item<double>();
  return right / static_cast<double>(labels.size(0));
}

/// Of a program with loops: the engine runs spikes as what they are, tensors step by step.
torch::Tensor engine_outputs(const lower::Lowered& lowered, const Inputs& inputs) {
  const lower::Interface& interface = lowered.interface;
  const auto trip_counts = lower::trip_counts_of(interface);
  const engine::Engine engine(lowered.program);
  engine::Session session(engine, {.num_threads = static_cast<std::size_t>(at::get_num_threads()),
                                   .max_trip_counts = trip_counts});
  const std::int64_t samples = inputs.size();
  const std::int64_t input_size = num_elements(interface.input_shape);
  const std::int64_t output_size = num_elements(interface.output_shape);
  torch::Tensor values = torch::empty({samples, output_size}, torch::kFloat64);
  const std::int64_t batch = batch_of(lowered);
  for (std::int64_t start = 0; start < samples; start += batch) {
    const std::int64_t size = std::min(batch, samples - start);
    const torch::Tensor x = inputs.rows(start, size).to(torch::kCPU).contiguous();
    std::vector<std::int64_t> codes(static_cast<std::size_t>(size * input_size));
    std::vector<std::int64_t> outputs(static_cast<std::size_t>(size * output_size));
    lower::quantize_input(interface, {x.data_ptr<float>(), codes.size()}, codes);
    const std::array<std::span<const std::int64_t>, 1> from = {codes};
    const std::array<std::span<std::int64_t>, 1> to = {outputs};
    const engine::Status status =
        session.run(static_cast<std::size_t>(size), from, trip_counts, to);
    check(status == engine::Status::kOk, engine::describe(status));
    map_output(interface, outputs,
               {values.data_ptr<double>() + start * output_size, outputs.size()});
  }
  return values;
}

}  // namespace

nlohmann::json to_json(const Gap& gap) {
  return {
      {"accuracy", gap.accuracy}, {"different_codes", gap.different_codes}, {"codes", gap.codes}};
}

ExactScore exact_score(nn::Network& network, const graph::Graph& graph,
                       const lower::Lowered& lowered, const Part& part, recipe::Loss kind) {
  const torch::NoGradGuard no_grad;
  const nn::ExactForward exact(lowered);
  const bool has_loops = !lowered.program.trip_counts.empty();
  const auto steps = steps_of_codes(graph);
  std::vector<torch::Tensor> trained_values;
  std::vector<torch::Tensor> exact_values;
  ExactScore result;
  const std::int64_t batch = batch_of(lowered);
  for (std::int64_t start = 0; start < part.inputs.size(); start += batch) {
    const std::int64_t size = std::min(batch, part.inputs.size() - start);
    const torch::Tensor inputs = part.inputs.rows(start, size);
    const bool compares = !has_loops || start < kMostCompared;
    std::map<std::string, torch::Tensor> trace;
    if (compares) {
      for (const auto& [wire, step] : steps) trace[wire] = torch::Tensor();
    }
    nn::Context context;
    context.trace = &trace;
    trained_values.push_back(network.forward(inputs, context).to(torch::kCPU));
    if (!compares) continue;
    const auto codes = exact(inputs.to(torch::kCPU));
    exact_values.push_back(codes.values);
    compare_codes(trace, codes, steps, result.gap);
  }
  const torch::Tensor labels = part.labels.to(torch::kCPU);
  torch::Tensor values = torch::cat(exact_values);
  if (has_loops) {
    const torch::Tensor all = engine_outputs(lowered, part.inputs);
    check(torch::equal(all.narrow(0, 0, values.size(0)), values),
          fmt::format("program '{}': engine and exact forward differ", lowered.program.name));
    values = all;
  }
  result.score = {.loss = loss(kind, values, labels).item<double>(),
                  .accuracy = accuracy_of(values, labels)};
  result.gap.accuracy = accuracy_of(torch::cat(trained_values), labels) - result.score.accuracy;
  return result;
}

torch::Tensor exact_outputs(const lower::Lowered& lowered, const Inputs& inputs) {
  if (!lowered.program.trip_counts.empty()) return engine_outputs(lowered, inputs);
  const nn::ExactForward exact(lowered);
  std::vector<torch::Tensor> parts;
  const std::int64_t batch = batch_of(lowered);
  for (std::int64_t start = 0; start < inputs.size(); start += batch) {
    const std::int64_t size = std::min(batch, inputs.size() - start);
    parts.push_back(exact(inputs.rows(start, size).to(torch::kCPU)).values);
  }
  return torch::cat(parts);
}

}  // namespace pare::train
