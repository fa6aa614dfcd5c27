#pragma once

#include <cstdint>
#include <utility>

#include <torch/types.h>

namespace pare::train {

/// A training set that stays in memory, in a new order each epoch; batches are slices of it.
class Batches {
 public:
  /// inputs [N, …] float32, labels [N] int64, on one device.
  Batches(torch::Tensor inputs, torch::Tensor labels, std::int64_t batch_size);

  /// The order of (seed, stage, epoch): the same arguments give the same order.
  void shuffle(std::uint64_t seed, int stage, int epoch);

  /// Batches in an epoch. The last may be smaller; one sample alone is left out, because batch norm
  /// has no variance for it.
  std::int64_t count() const;

  /// Inputs and labels of batch `index`.
  std::pair<torch::Tensor, torch::Tensor> batch(std::int64_t index) const;

 private:
  torch::Tensor inputs_;
  torch::Tensor labels_;
  torch::Tensor shuffled_inputs_;
  torch::Tensor shuffled_labels_;
  std::int64_t batch_size_;
};

}  // namespace pare::train
