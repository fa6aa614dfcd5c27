#include "train/batches.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"

namespace pare::train {

Batches::Batches(Inputs inputs, torch::Tensor labels, std::int64_t batch_size,
                 data::Augmentation augmentation)
    : inputs_(std::move(inputs)),
      labels_(std::move(labels)),
      augmentation_(std::move(augmentation)),
      shuffled_inputs_(inputs_),
      shuffled_labels_(labels_),
      batch_size_(std::min(batch_size, inputs_.size())) {
  if (augmentation_.is_identity() || inputs_.sample_shape().size() == 3) return;
  throw InputError(
      fmt::format("[train] crop_padding and flip are of images [channels, height, width], but the "
                  "samples are {}",
                  to_string(inputs_.sample_shape())));
}

torch::Tensor Batches::augmented(const torch::Tensor& images, std::int64_t start) const {
  const torch::Tensor from = images.cpu().contiguous();
  torch::Tensor to = torch::empty_like(from);
  const Shape shape(from.sizes().begin() + 1, from.sizes().end());
  const auto size = static_cast<std::size_t>(num_elements(shape));
  const auto image = [&](const torch::Tensor& of, std::size_t i) {
    return std::span(of.data_ptr<float>() + i * size, size);
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(from.size(0)); ++i) {
    // By the sample's number, so that its place in the order does not matter.
    const auto number = static_cast<std::uint64_t>(order_[static_cast<std::size_t>(start) + i]);
    data::augment(shape, data::draw(augmentation_, *random_, number), augmentation_.fill,
                  image(from, i), image(to, i));
  }
  return to.to(inputs_.device());
}

void Batches::shuffle(std::uint64_t seed, int stage, int epoch) {
  const Philox random(seed, RandomStream::kShuffle, static_cast<std::uint32_t>(epoch),
                      static_cast<std::uint32_t>(stage));
  order_ = random.permutation(inputs_.size());
  random_.emplace(seed, RandomStream::kAugment, static_cast<std::uint32_t>(epoch),
                  static_cast<std::uint32_t>(stage));
  const torch::Tensor index =
      torch::from_blob(order_.data(), {inputs_.size()}, torch::kInt64).to(inputs_.device());
  shuffled_inputs_ = inputs_.picked(index);
  shuffled_labels_ = labels_.index_select(0, index);
}

std::int64_t Batches::count() const {
  const std::int64_t samples = inputs_.size();
  const std::int64_t rest = samples % batch_size_;
  const bool has_rest = rest > 1 || (rest == 1 && samples == 1);
  return samples / batch_size_ + (has_rest ? 1 : 0);
}

std::pair<torch::Tensor, torch::Tensor> Batches::batch(std::int64_t index) const {
  const std::int64_t start = index * batch_size_;
  const std::int64_t size = std::min(batch_size_, inputs_.size() - start);
  torch::Tensor inputs = shuffled_inputs_.rows(start, size);
  if (random_ && !augmentation_.is_identity()) inputs = augmented(inputs, start);
  return {std::move(inputs), shuffled_labels_.narrow(0, start, size)};
}

}  // namespace pare::train
