#pragma once

#include <string_view>

#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::rewrite {

/// Bits that mean float: no quantizer there.
inline constexpr int kFloatBits = 32;

/// What [quantize] comes to for one layer, its patterns applied and `auto` replaced.
struct LayerSettings {
  int weight_bits = kFloatBits;  ///< of uniform weights; kFloatBits: float, whatever the format
  int activation_bits = kFloatBits;
  recipe::WeightFormat weight_format = recipe::WeightFormat::kUniform;
  recipe::WeightRange weight_range = recipe::WeightRange::kMaxAbs;
};

/// Later patterns win, key by key. A pattern that names a weight_format, and no range, takes the
/// format's own range. REQUIRES: options that check_settings has passed.
LayerSettings settings_of(const recipe::Quantize& options, std::string_view layer);

/// Throws InputError naming the key and the layer: a width that is not 1 … 16 or 32, a pattern that
/// matches no layer, a range that does not go with its format or width, or a pattern that gives a
/// format to weights that stay float.
void check_settings(const graph::Graph& graph, const recipe::Quantize& options);

}  // namespace pare::rewrite
