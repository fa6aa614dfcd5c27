#include "train/batches.h"

#include <algorithm>
#include <utility>

#include <torch/torch.h>

#include "base/philox.h"

namespace pare::train {

Batches::Batches(torch::Tensor inputs, torch::Tensor labels, std::int64_t batch_size)
    : inputs_(std::move(inputs)),
      labels_(std::move(labels)),
      shuffled_inputs_(inputs_),
      shuffled_labels_(labels_),
      batch_size_(std::min(batch_size, inputs_.size(0))) {}

void Batches::shuffle(std::uint64_t seed, int stage, int epoch) {
  const Philox random(seed, RandomStream::kShuffle, static_cast<std::uint32_t>(epoch),
                      static_cast<std::uint32_t>(stage));
  std::vector<std::int64_t> order = random.permutation(inputs_.size(0));
  const torch::Tensor index =
      torch::from_blob(order.data(), {inputs_.size(0)}, torch::kInt64).to(inputs_.device());
  shuffled_inputs_ = inputs_.index_select(0, index);
  shuffled_labels_ = labels_.index_select(0, index);
}

std::int64_t Batches::count() const {
  const std::int64_t samples = inputs_.size(0);
  const std::int64_t rest = samples % batch_size_;
  const bool has_rest = rest > 1 || (rest == 1 && samples == 1);
  return samples / batch_size_ + (has_rest ? 1 : 0);
}

std::pair<torch::Tensor, torch::Tensor> Batches::batch(std::int64_t index) const {
  const std::int64_t start = index * batch_size_;
  const std::int64_t size = std::min(batch_size_, inputs_.size(0) - start);
  return {shuffled_inputs_.narrow(0, start, size), shuffled_labels_.narrow(0, start, size)};
}

}  // namespace pare::train
