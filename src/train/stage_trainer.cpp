#include "train/stage_trainer.h"

#include <cmath>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "base/names.h"
#include "train/freeze.h"
#include "train/learning_rate.h"
#include "train/loss.h"

namespace pare::train {
namespace {

OptimizerOptions optimizer_options(const recipe::Train& train) {
  return {.kind = train.optimizer,
          .beta1 = train.beta1,
          .beta2 = train.beta2,
          .epsilon = train.adam_epsilon,
          .momentum = train.momentum,
          .weight_decay = train.weight_decay};
}

/// One factor a slice: the last pattern that matches its layer wins.
std::vector<double> rate_factors(const nn::Network& network, const recipe::Train& train) {
  std::vector<double> factors;
  for (const nn::Slice& slice : network.slices()) {
    double factor = 1;
    for (const recipe::LayerRate& layer : train.layers) {
      if (matches(layer.match, slice.layer)) factor = layer.learning_rate_factor;
    }
    factors.push_back(factor);
  }
  return factors;
}

data::Augmentation augmentation_of(const recipe::Train& train, const TrainingData& data) {
  data::Augmentation augmentation{.crop_padding = train.crop_padding, .has_flip = train.flip};
  if (augmentation.is_identity()) return augmentation;
  const auto channels = static_cast<std::size_t>(data.sample_shape.front());
  const auto& [mean, scale] = data.standardisation;
  for (std::size_t c = 0; c < channels; ++c) {
    augmentation.fill.push_back(mean.empty() ? 0.0F : static_cast<float>((0 - mean[c]) / scale[c]));
  }
  return augmentation;
}

}  // namespace

StageTrainer::StageTrainer(const graph::Graph& graph, const recipe::Recipe& recipe, int stage,
                           const TrainingData& data, torch::Device device)
    : recipe_(recipe),
      settings_(recipe.stages.at(static_cast<std::size_t>(stage))),
      stage_(stage),
      data_(data),
      graph_(graph),
      network_(graph, device),
      optimizer_(network_, optimizer_options(settings_.train),
                 rate_factors(network_, settings_.train)),
      l1_(settings_.train.l1),
      batches_(data.train.inputs, data.train.labels, settings_.train.batch_size,
               augmentation_of(settings_.train, data)) {}

double StageTrainer::train_step(const nn::Context& context, std::int64_t batch, double rate) {
  const auto [inputs, labels] = batches_.batch(batch);
  network_.zero_gradients();
  const torch::Tensor output = network_.forward(inputs, context);
  const torch::Tensor task_loss = loss(settings_.train.loss, output, labels);
  task_loss.backward();
  const double total = task_loss.item<double>() + l1_.value(network_);
  l1_.add_gradient(network_);
  network_.mask_gradients();
  optimizer_.step(rate);
  network_.mask_values();
  network_.clamp_neurons();
  return total;
}

void StageTrainer::validate(EpochResult& result) {
  network_.store(graph_);
  const Frozen frozen = freeze(graph_, data_);
  Score validation;
  if (frozen.lowered) {
    const ExactScore exact =
        exact_score(network_, graph_, *frozen.lowered, data_.validation, settings_.train.loss);
    validation = exact.score;
    result.gap = exact.gap;
  } else {
    validation = score(network_, data_.validation, settings_.train.loss);
    result.not_frozen = frozen.reason;
  }
  result.validation_loss = validation.loss + l1_.value(network_);
  result.validation_accuracy = validation.accuracy;
}

EpochResult StageTrainer::train_epoch(int epoch) {
  EpochResult result;
  result.learning_rate = learning_rate(settings_.train, epoch);
  batches_.shuffle(recipe_.seed, stage_, epoch);
  nn::Context context{.is_training = true, .seed = recipe_.seed};
  // Dropout must differ between stages too: stage and epoch share the epoch key.
  context.epoch = static_cast<std::uint32_t>(stage_ << 20 | epoch);
  const std::int64_t steps = batches_.count();
  double sum = 0;
  for (std::int64_t i = 0; i < steps; ++i) {
    context.step = static_cast<std::uint32_t>(i);
    sum += train_step(context, i, result.learning_rate);
  }
  result.train_loss = sum / static_cast<double>(steps);
  validate(result);
  if (!std::isfinite(result.train_loss) || !std::isfinite(result.validation_loss)) {
    throw InputError(
        fmt::format("stage '{}', epoch {}: the loss is not a number any more; lower "
                    "train.learning_rate ({}) or "
                    "look at the data",
                    settings_.name, epoch + 1, settings_.train.learning_rate));
  }
  return result;
}

}  // namespace pare::train
