#include "compress/post_training.h"

#include <algorithm>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/bias_correction.h"
#include "compress/layer_outputs.h"
#include "rewrite/quantize.h"

namespace pare::compress {
namespace {

void add(const torch::Tensor& values, const std::string& wire,
         rewrite::MagnitudeHistogram& histogram) {
  if (!values.isfinite().all().item<bool>()) {
    throw InputError(fmt::format(
        "[quantize] calibration: wire '{}' carries values that are not finite: training has "
        "diverged; try a smaller train.learning_rate",
        wire));
  }
  const torch::Tensor plain = values.to(torch::kCPU, torch::kFloat32).contiguous();
  histogram.add({plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())});
}

}  // namespace

torch::Tensor calibration_samples(const torch::Tensor& samples, std::int64_t count) {
  const std::int64_t all = samples.size(0);
  if (count >= all) return samples;
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(i * all / count);
  return samples.index_select(0, torch::tensor(indices, torch::kInt64).to(samples.device()));
}

void add_magnitudes(const torch::Tensor& samples, rewrite::MagnitudeHistogram& magnitudes) {
  const torch::Tensor plain = samples.to(torch::kCPU).contiguous();
  magnitudes.add({plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())});
}

float input_range(const rewrite::MagnitudeHistogram& magnitudes, double percent) {
  const float range = magnitudes.percentile(percent);
  if (range > 0) return range;
  throw InputError(fmt::format(
      "quantize.input_percentile = {}: so many of the training inputs are 0, and the input would "
      "have no range; raise it",
      percent));
}

std::map<std::string, rewrite::MagnitudeHistogram> observe(const graph::Graph& graph,
                                                           const recipe::Quantize& options,
                                                           const torch::Tensor& samples) {
  const auto wires = rewrite::wires_to_quantize(graph, options);
  std::vector<std::string> names;
  for (const rewrite::WireToQuantize& wire : wires) names.push_back(wire.wire);
  std::map<std::string, rewrite::MagnitudeHistogram> histograms;
  for_each_batch(graph, samples, names,
                 [&](const std::map<std::string, torch::Tensor>& values, std::int64_t) {
                   for (const rewrite::WireToQuantize& wire : wires) {
                     add(values.at(wire.wire), wire.wire, histograms[wire.node]);
                   }
                 });
  return histograms;
}

graph::Graph quantize_post_training(const graph::Graph& graph, const recipe::Quantize& options,
                                    const torch::Tensor& samples) {
  check(options.calibration != recipe::Calibration::kNone,
        "post-training quantization without a calibration");
  const graph::Graph trained = rewrite::without_quantizers(graph);
  const auto histograms = observe(trained, options, samples);
  rewrite::WireRanges ranges;
  for (const rewrite::WireToQuantize& wire : rewrite::wires_to_quantize(trained, options)) {
    ranges[wire.node] =
        find_range(histograms.at(wire.node), rewrite::search_of(options, wire.codes));
  }
  const graph::Graph quantized = rewrite::quantize(graph, options, 0, ranges);
  if (!options.bias_correction) return quantized;
  return correct_biases(quantized, trained, samples);
}

}  // namespace pare::compress
