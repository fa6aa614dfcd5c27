#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "nn/network.h"
#include "train/evaluate.h"

namespace pare::train {

/// Loss, accuracy, average accuracy, kappa, one-against-rest AUC of every class and their mean, and
/// background efficiency at 50 % signal efficiency, as the "test" object of metrics.jsonl. Classes
/// are scored by their softmax probability: a logit has no meaning across samples. `logits` [N, C]
/// of the part's samples.
nlohmann::json classification_metrics(const torch::Tensor& logits, const Part& part,
                                      const std::vector<std::string>& classes, recipe::Loss loss);

/// Neural efficiency and aIQ (with AUC and with accuracy as the performance) over the samples, from
/// what enters each ReLU and from the outputs.
nlohmann::json neural_efficiency_metrics(nn::Network& network, const graph::Graph& graph,
                                         const Part& part, double auc, double accuracy);

}  // namespace pare::train
