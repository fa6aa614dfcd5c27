#include "rewrite/layer_settings.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"
#include "recipe/spelling.h"
#include "rewrite/layers.h"

namespace pare::rewrite {
namespace {

using recipe::WeightFormat;
using recipe::WeightRange;

template <class E>
const std::string& spelling(E value) {
  return recipe::spellings(value)[static_cast<std::size_t>(value)];
}

WeightRange range_of_calibration(recipe::Calibration calibration) {
  switch (calibration) {
    case recipe::Calibration::kNone:
    case recipe::Calibration::kMinMax:
      return WeightRange::kMaxAbs;
    case recipe::Calibration::kPercentile:
      return WeightRange::kPercentile;
    case recipe::Calibration::kMse:
      return WeightRange::kMse;
  }
  return WeightRange::kMaxAbs;
}

WeightRange own_range(WeightFormat format, recipe::Calibration calibration) {
  switch (format) {
    case WeightFormat::kUniform:
      return range_of_calibration(calibration);
    case WeightFormat::kTernary:
      return WeightRange::kThresholdMean;
    case WeightFormat::kBinary:
      return WeightRange::kMeanAbs;
  }
  return WeightRange::kMaxAbs;
}

std::vector<WeightRange> ranges_of(WeightFormat format) {
  using enum WeightRange;
  switch (format) {
    case WeightFormat::kUniform:
      return {kMaxAbs, kLearned, kTwiceMeanAbs, kSawb, kPercentile, kMse, kAffine, kMinMax};
    case WeightFormat::kTernary:
      return {kThresholdMean, kLearned, kMaxAbs};
    case WeightFormat::kBinary:
      return {kMeanAbs};
  }
  return {};
}

void check_width(int bits, std::string_view key) {
  if ((bits >= 1 && bits <= 16) || bits == kFloatBits) return;
  throw InputError(fmt::format("[quantize] {} = {}; allowed: 1 to 16, or 32 for float", key, bits));
}

void check_range(const LayerSettings& settings, const std::string& layer) {
  const auto allowed = ranges_of(settings.weight_format);
  if (std::find(allowed.begin(), allowed.end(), settings.weight_range) == allowed.end()) {
    std::vector<std::string> names = {"auto"};
    for (const WeightRange range : allowed) names.push_back(spelling(range));
    throw InputError(fmt::format(
        "[quantize] layer '{}': weight_range = \"{}\" does not go with weight_format = \"{}\"; "
        "expected one of {}",
        layer, spelling(settings.weight_range), spelling(settings.weight_format),
        fmt::join(names, ", ")));
  }
  const bool has_coefficients = settings.weight_bits == 4 || settings.weight_bits == 8;
  if (settings.weight_range == WeightRange::kSawb && !has_coefficients) {
    throw InputError(fmt::format(
        "[quantize] layer '{}': weight_range = \"sawb\" has coefficients for 4 and 8 bits, not for "
        "{}; take \"twice_mean_abs\"",
        layer, settings.weight_bits));
  }
}

void check_format_has_bits(const recipe::Quantize& options, const Layer& layer) {
  if (settings_of(options, layer.name).weight_bits != kFloatBits) return;
  for (const recipe::LayerQuantize& of : options.layers) {
    if (!of.weight_format || !matches(of.match, layer.name)) continue;
    throw InputError(
        fmt::format("[quantize] layers: \"{}\" gives layer '{}' weight_format = \"{}\", but its "
                    "weight_bits are "
                    "32, which is float; give it weight_bits too",
                    of.match, layer.name, spelling(*of.weight_format)));
  }
}

}  // namespace

LayerSettings settings_of(const recipe::Quantize& options, std::string_view layer) {
  LayerSettings settings{options.weight_bits, options.activation_bits, options.weight_format,
                         options.weight_range};
  for (const recipe::LayerQuantize& of : options.layers) {
    if (!matches(of.match, layer)) continue;
    settings.weight_bits = of.weight_bits.value_or(settings.weight_bits);
    settings.activation_bits = of.activation_bits.value_or(settings.activation_bits);
    if (of.weight_format) {
      settings.weight_format = *of.weight_format;
      settings.weight_range = WeightRange::kAuto;
    }
    settings.weight_range = of.weight_range.value_or(settings.weight_range);
  }
  if (settings.weight_range == WeightRange::kAuto) {
    settings.weight_range = own_range(settings.weight_format, options.calibration);
  }
  return settings;
}

void check_settings(const graph::Graph& graph, const recipe::Quantize& options) {
  check_width(options.weight_bits, "weight_bits");
  check_width(options.activation_bits, "activation_bits");
  check_width(options.input_bits, "input_bits");
  const auto layers = layers_of(graph);
  for (const recipe::LayerQuantize& of : options.layers) {
    check_matches_a_layer(layers, of.match, "[quantize] layers.match");
    check_width(of.weight_bits.value_or(kFloatBits), "layers.weight_bits");
    check_width(of.activation_bits.value_or(kFloatBits), "layers.activation_bits");
  }
  for (const Layer& layer : layers) {
    check_format_has_bits(options, layer);
    const LayerSettings settings = settings_of(options, layer.name);
    if (settings.weight_bits != kFloatBits) check_range(settings, layer.name);
  }
}

}  // namespace pare::rewrite
