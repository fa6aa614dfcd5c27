#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "graph/graph.h"
#include "recipe/recipe.h"
#include "train/evaluate.h"

namespace pare::train {

/// What is done to one layer at a time.
struct SensitivityOptions {
  std::vector<int> bits = {8, 6, 5, 4, 3, 2};  ///< 1 … 16, of weights and of activations
  std::vector<double> sparsities = {0.5, 0.7, 0.8, 0.9, 0.95};
  recipe::Calibration calibration = recipe::Calibration::kMse;
  recipe::Loss loss = recipe::Loss::kCrossEntropy;
};

enum class SensitivityKind { kWeightBits, kActivationBits, kSparsity };

/// One measurement.
struct SensitivityPoint {
  std::string layer;  ///< "input" for the codes of the network's input
  SensitivityKind kind = SensitivityKind::kWeightBits;
  double value = 0;  ///< bits, or sparsity
  /// None: the layer is sparser than that already.
  std::optional<Score> score = std::nullopt;
};

struct SensitivityLayer {
  std::string name;
  std::int64_t weights = 0;
  double sparsity = 0;  ///< that it has already
};

struct Sensitivity {
  Score unchanged;  ///< of the float network, pruned as it is
  std::vector<SensitivityLayer> layers;
  std::vector<SensitivityPoint> points;
};

/// How much each layer bears, without any training: each in turn has its weights, or the
/// activations behind it, quantized after training (docs/methods/post_training_quantization.md), or
/// its smallest weights pruned, while all others stay float; quantizers that the graph has are
/// taken out first. Scores are those of the training forward on `validation`. `calibration`:
/// standardised training samples. Effects of several layers do not simply add up: the table says
/// where to begin.
///
/// Throws InputError for bits outside 1 … 16 or sparsities outside 0 … 1.
Sensitivity sensitivity(const graph::Graph& graph, const SensitivityOptions& options,
                        const Part& validation, const torch::Tensor& calibration,
                        const ProgressSink& progress);

}  // namespace pare::train
