#include "compress/layer_outputs.h"

#include <algorithm>

#include <torch/torch.h>

#include "base/error.h"
#include "nn/network.h"

namespace pare::compress {
namespace {

constexpr std::int64_t kMostSamples = 1024;
/// Elements of the largest wire, of all the samples (and steps) that are run at once.
constexpr std::int64_t kMostElements = std::int64_t{1} << 25;

const graph::Node& node_of(const graph::Graph& graph, const std::string& name) {
  const graph::Node* node = graph::find_node(graph, name);
  check(node != nullptr, "no layer of the name " + name);
  return *node;
}

/// Sums over all but the channels, and how many values each is the sum of.
std::pair<torch::Tensor, std::int64_t> sums_of(const torch::Tensor& output,
                                               const graph::Node& layer) {
  const bool is_linear = std::holds_alternative<graph::Linear>(layer.op);
  const torch::Tensor channels_first =
      (is_linear ? output.movedim(-1, 0) : output.movedim(1, 0)).flatten(1).to(torch::kFloat64);
  return {channels_first.sum(1), channels_first.size(1)};
}

}  // namespace

void for_each_batch(const graph::Graph& graph, const torch::Tensor& samples,
                    const std::vector<std::string>& wires, const TakeWires& take) {
  const torch::NoGradGuard no_grad;
  nn::Network network(graph, samples.device());
  std::map<std::string, torch::Tensor> trace;
  for (const std::string& wire : wires) trace[wire] = torch::Tensor();
  const std::int64_t batch =
      std::clamp<std::int64_t>(kMostElements / network.largest_wire(), 1, kMostSamples);
  for (std::int64_t start = 0; start < samples.size(0); start += batch) {
    const std::int64_t size = std::min(batch, samples.size(0) - start);
    nn::Context context;
    context.trace = &trace;
    network.forward(samples.narrow(0, start, size), context);
    take(trace, size);
  }
}

std::map<std::string, torch::Tensor> mean_outputs(const graph::Graph& graph,
                                                  const torch::Tensor& samples,
                                                  const std::vector<std::string>& layers) {
  std::map<std::string, std::string> wires;
  std::vector<std::string> names;
  for (const std::string& layer : layers) {
    wires[layer] = graph.wire(node_of(graph, layer).outputs.front()).name;
    names.push_back(wires[layer]);
  }
  std::map<std::string, torch::Tensor> sums;
  std::map<std::string, std::int64_t> counts;
  for_each_batch(
      graph, samples, names, [&](const std::map<std::string, torch::Tensor>& values, std::int64_t) {
        for (const std::string& layer : layers) {
          const auto [sum, count] = sums_of(values.at(wires.at(layer)), node_of(graph, layer));
          sums[layer] = counts[layer] == 0 ? sum : sums[layer] + sum;
          counts[layer] += count;
        }
      });
  for (auto& [layer, sum] : sums) sum = (sum / counts.at(layer)).to(torch::kCPU);
  return sums;
}

}  // namespace pare::compress
