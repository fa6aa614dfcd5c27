#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "lower/lower.h"
#include "nn/network.h"
#include "train/evaluate.h"

namespace pare::train {

/// How far the training forward (fake-quantized float32) is from the frozen net.
struct Gap {
  double accuracy = 0;               ///< training forward's less the exact one's
  std::int64_t different_codes = 0;  ///< of all activations of all samples
  std::int64_t codes = 0;

  double share_of_codes() const {
    return codes == 0 ? 0 : static_cast<double>(different_codes) / static_cast<double>(codes);
  }
};

/// {"accuracy", "different_codes", "codes"}.
nlohmann::json to_json(const Gap& gap);

/// What the frozen net scores, and its gap to the network that was trained.
struct ExactScore {
  Score score;
  Gap gap;
};

/// Runs both forwards on all samples of a part. `network` computes with the parameters of `graph`,
/// of which `lowered` was made. A net with time is scored by the engine; codes are compared for its
/// first samples alone, 128 of them and what is left of their batch. Throws InternalError if the
/// engine and the exact forward disagree on those.
ExactScore exact_score(nn::Network& network, const graph::Graph& graph,
                       const lower::Lowered& lowered, const Part& part, recipe::Loss loss);

/// The frozen net's outputs for all samples, [N, C] float64.
torch::Tensor exact_outputs(const lower::Lowered& lowered, const Inputs& inputs);

}  // namespace pare::train
