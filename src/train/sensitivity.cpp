#include "train/sensitivity.h"

#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/post_training.h"
#include "graph/edit.h"
#include "nn/network.h"
#include "rewrite/calibrate.h"
#include "rewrite/layers.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace pare::train {
namespace {

using graph::Graph;

constexpr int kFloat = 32;
constexpr const char* kInputNode = "input.quantize";

void check_options(const SensitivityOptions& options) {
  for (const int bits : options.bits) {
    if (bits >= 1 && bits <= 16) continue;
    throw InputError(fmt::format("sensitivity: {} bits; allowed: 1 to 16", bits));
  }
  for (const double sparsity : options.sparsities) {
    if (sparsity >= 0 && sparsity <= 1) continue;
    throw InputError(fmt::format("sensitivity: sparsity {}; allowed: 0 to 1", sparsity));
  }
}

class Analysis {
 public:
  Analysis(const Graph& graph, const SensitivityOptions& options, const Part& validation,
           const torch::Tensor& calibration, const ProgressSink& progress)
      : graph_(rewrite::without_quantizers(graph)),
        options_(options),
        validation_(validation),
        progress_(progress),
        layers_(rewrite::layers_of(graph_)),
        wires_(rewrite::wires_to_quantize(graph_, quantized_to(8, 8))),
        histograms_(compress::observe(graph_, quantized_to(8, 8), calibration)) {}

  Sensitivity run() {
    result_.unchanged = score_of(graph_);
    for (const rewrite::Layer& layer : layers_) result_.layers.push_back(describe(layer));
    for (const rewrite::Layer& layer : layers_) {
      for (const int bits : options_.bits) add_weight_bits(layer.name, bits);
    }
    for (const rewrite::WireToQuantize& wire : wires_) {
      for (const int bits : options_.bits) add_activation_bits(wire.node, bits);
    }
    for (const SensitivityLayer& layer : std::vector(result_.layers)) {
      for (const double sparsity : options_.sparsities) add_sparsity(layer, sparsity);
    }
    return std::move(result_);
  }

 private:
  recipe::Quantize quantized_to(int activation_bits, int input_bits) const {
    return {.weight_bits = kFloat,
            .activation_bits = activation_bits,
            .input_bits = input_bits,
            .calibration = options_.calibration};
  }

  SensitivityLayer describe(const rewrite::Layer& layer) const {
    const graph::Parameter& weight = graph_.parameter(layer.weight);
    std::int64_t alive = static_cast<std::int64_t>(weight.stored.size());
    const std::int64_t all = alive;
    if (weight.mask) {
      for (const std::uint8_t bit : weight.mask->as<std::uint8_t>()) alive -= bit == 0 ? 1 : 0;
    }
    return {layer.name, all, 1 - static_cast<double>(alive) / static_cast<double>(all)};
  }

  Score score_of(const Graph& graph) const {
    nn::Network network(graph, validation_.inputs.device());
    return score(network, validation_, options_.loss);
  }

  void add(SensitivityPoint point) {
    result_.points.push_back(std::move(point));
    if (!progress_) return;
    const std::size_t cells = (layers_.size() + wires_.size()) * options_.bits.size() +
                              layers_.size() * options_.sparsities.size();
    progress_({.what = "sensitivity",
               .done = static_cast<std::int64_t>(result_.points.size()),
               .total = static_cast<std::int64_t>(cells),
               .unit = "settings",
               .detail = {}});
  }

  void add_weight_bits(const std::string& layer, int bits) {
    recipe::Quantize options = quantized_to(kFloat, kFloat);
    options.layers = {{.match = layer, .weight_bits = bits}};
    add({layer, SensitivityKind::kWeightBits, static_cast<double>(bits),
         score_of(rewrite::quantize(graph_, options, 0))});
  }

  void add_activation_bits(const std::string& node, int bits) {
    const std::string layer = node.substr(0, node.rfind('.'));
    recipe::Quantize options = quantized_to(kFloat, node == kInputNode ? bits : kFloat);
    if (node != kInputNode) options.activation_bits = bits;
    rewrite::WireRanges ranges;
    for (const rewrite::WireToQuantize& wire : rewrite::wires_to_quantize(graph_, options)) {
      ranges[wire.node] =
          rewrite::find_range(histograms_.at(wire.node), rewrite::search_of(options, wire.codes));
    }
    Graph quantized = rewrite::quantize(graph_, options, 0, ranges);
    for (const rewrite::WireToQuantize& wire : wires_) {
      const bool is_other = wire.node != node && find_node(quantized, wire.node) != nullptr;
      if (is_other) bypass(quantized, wire.node);
    }
    compact(quantized);
    add({layer, SensitivityKind::kActivationBits, static_cast<double>(bits), score_of(quantized)});
  }

  void add_sparsity(const SensitivityLayer& layer, double sparsity) {
    SensitivityPoint point{layer.name, SensitivityKind::kSparsity, sparsity};
    const auto left = [&](double s) {
      return std::llround((1 - s) * static_cast<double>(layer.weights));
    };
    if (left(sparsity) <= left(layer.sparsity)) {
      recipe::Prune options{.scope = recipe::PruneScope::kLayer, .sparsity = sparsity};
      for (const rewrite::Layer& other : layers_) {
        if (other.name != layer.name) options.exclude.push_back(other.name);
      }
      point.score = score_of(rewrite::prune(graph_, options));
    }
    add(std::move(point));
  }

  Graph graph_;
  const SensitivityOptions& options_;
  const Part& validation_;
  const ProgressSink& progress_;
  std::vector<rewrite::Layer> layers_;
  std::vector<rewrite::WireToQuantize> wires_;
  std::map<std::string, rewrite::MagnitudeHistogram> histograms_;
  Sensitivity result_;
};

}  // namespace

Sensitivity sensitivity(const Graph& graph, const SensitivityOptions& options,
                        const Part& validation, const torch::Tensor& calibration,
                        const ProgressSink& progress) {
  check_options(options);
  return Analysis(graph, options, validation, calibration, progress).run();
}

}  // namespace pare::train
