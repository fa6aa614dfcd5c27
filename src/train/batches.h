#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "base/philox.h"
#include "data/augment.h"
#include "train/inputs.h"

namespace pare::train {

/// A training set in a new order each epoch; batches are slices of it.
class Batches {
 public:
  /// inputs [N, …], labels [N] int64, on one device.
  /// An augmentation needs images, [N, C, H, W]; throws InputError if it is given others.
  Batches(Inputs inputs, torch::Tensor labels, std::int64_t batch_size,
          data::Augmentation augmentation = {});

  /// The order of (seed, stage, epoch), and what is drawn for the augmentation: the same arguments
  /// give the same.
  void shuffle(std::uint64_t seed, int stage, int epoch);

  /// Batches in an epoch. The last may be smaller; one sample alone is left out, because batch norm
  /// has no variance for it.
  std::int64_t count() const;

  /// Inputs and labels of batch `index`.
  std::pair<torch::Tensor, torch::Tensor> batch(std::int64_t index) const;

 private:
  torch::Tensor augmented(const torch::Tensor& images, std::int64_t start) const;

  Inputs inputs_;
  torch::Tensor labels_;
  data::Augmentation augmentation_;
  Inputs shuffled_inputs_;
  torch::Tensor shuffled_labels_;
  std::vector<std::int64_t> order_;  ///< of the samples, once they are shuffled
  std::optional<Philox> random_;     ///< of the epoch's augmentation
  std::int64_t batch_size_;
};

}  // namespace pare::train
