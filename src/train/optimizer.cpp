#include "train/optimizer.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "train/optimizer_kernels.h"

namespace pare::train {
namespace {

using torch::Tensor;

AdamStep adam_step(const OptimizerOptions& options, double rate, std::int64_t steps) {
  const auto t = static_cast<double>(steps);
  return {.beta1 = static_cast<float>(options.beta1),
          .rest1 = static_cast<float>(1 - options.beta1),
          .beta2 = static_cast<float>(options.beta2),
          .rest2 = static_cast<float>(1 - options.beta2),
          .step_size = static_cast<float>(rate / (1 - std::pow(options.beta1, t))),
          .root_bias_correction2 = static_cast<float>(std::sqrt(1 - std::pow(options.beta2, t))),
          .epsilon = static_cast<float>(options.epsilon),
          .weight_decay = static_cast<float>(options.weight_decay)};
}

/// The same as the kernel, on any device.
void adam_by_aten(const Tensor& values, const Tensor& gradients, const Tensor& moment1,
                  const Tensor& moment2, const AdamStep& step) {
  const Tensor g = gradients + values * step.weight_decay;
  moment1.mul_(step.beta1).add_(g, step.rest1);
  moment2.mul_(step.beta2).addcmul_(g, g, step.rest2);
  const Tensor root = (moment2.sqrt() / step.root_bias_correction2).add_(step.epsilon);
  values.addcdiv_(moment1, root, -step.step_size);
}

void sgd_by_aten(const Tensor& values, const Tensor& gradients, const Tensor& moment,
                 const SgdStep& step) {
  moment.mul_(step.momentum).add_(gradients + values * step.weight_decay);
  values.add_(moment, -step.rate);
}

}  // namespace

Optimizer::Optimizer(nn::Network& network, OptimizerOptions options,
                     std::vector<double> rate_factor_per_slice)
    : options_(options), values_(network.values()), gradients_(network.gradients()) {
  const auto slices = network.slices();
  check(rate_factor_per_slice.empty() || rate_factor_per_slice.size() == slices.size(),
        "one learning-rate factor a slice");
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const double factor = rate_factor_per_slice.empty() ? 1.0 : rate_factor_per_slice[i];
    const bool is_same = !runs_.empty() && runs_.back().rate_factor == factor;
    if (is_same) {
      runs_.back().size += slices[i].size;
    } else {
      runs_.push_back({slices[i].offset, slices[i].size, factor});
    }
  }
  if (options_.kind == recipe::Optimizer::kAdam) {
    moments_["moment1"] = torch::zeros_like(values_);
    moments_["moment2"] = torch::zeros_like(values_);
  } else {
    moments_["momentum"] = torch::zeros_like(values_);
  }
}

void Optimizer::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  ++steps_;
  const bool is_adam = options_.kind == recipe::Optimizer::kAdam;
  for (const Run& run : runs_) {
    if (is_adam) {
      step_adam(run, learning_rate * run.rate_factor);
    } else {
      step_sgd(run, learning_rate * run.rate_factor);
    }
  }
}

void Optimizer::step_adam(const Run& run, double rate) {
  const AdamStep step = adam_step(options_, rate, steps_);
  const Tensor& moment1 = moments_.at("moment1");
  const Tensor& moment2 = moments_.at("moment2");
  if (values_.is_cpu()) {
    adam(values_.data_ptr<float>() + run.offset, gradients_.data_ptr<float>() + run.offset,
         moment1.data_ptr<float>() + run.offset, moment2.data_ptr<float>() + run.offset, run.size,
         step);
    return;
  }
  const auto part = [&](const Tensor& flat) { return flat.narrow(0, run.offset, run.size); };
  adam_by_aten(part(values_), part(gradients_), part(moment1), part(moment2), step);
}

void Optimizer::step_sgd(const Run& run, double rate) {
  const SgdStep step{.rate = static_cast<float>(rate),
                     .momentum = steps_ == 1 ? 0.0F : static_cast<float>(options_.momentum),
                     .weight_decay = static_cast<float>(options_.weight_decay)};
  const Tensor& moment = moments_.at("momentum");
  if (values_.is_cpu()) {
    sgd(values_.data_ptr<float>() + run.offset, gradients_.data_ptr<float>() + run.offset,
        moment.data_ptr<float>() + run.offset, run.size, step);
    return;
  }
  const auto part = [&](const Tensor& flat) { return flat.narrow(0, run.offset, run.size); };
  sgd_by_aten(part(values_), part(gradients_), part(moment), step);
}

std::map<std::string, Tensor> Optimizer::state() const {
  std::map<std::string, Tensor> result;
  for (const auto& [name, tensor] : moments_) result[name] = tensor.detach().clone();
  result["steps"] = torch::scalar_tensor(steps_, torch::kInt64);
  return result;
}

void Optimizer::load_state(const std::map<std::string, Tensor>& state) {
  const auto steps = state.find("steps");
  if (steps == state.end() || steps->second.numel() != 1) {
    throw InputError("optimiser state: no 'steps'; the checkpoint is of another program");
  }
  for (const auto& [name, tensor] : moments_) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.numel() != tensor.numel()) {
      throw InputError(fmt::format(
          "optimiser state: '{}' is missing or not of {} elements; the checkpoint is of another "
          "optimiser or network",
          name, tensor.numel()));
    }
  }
  for (auto& [name, tensor] : moments_) tensor.copy_(state.at(name).view(tensor.sizes()));
  steps_ = steps->second.item<std::int64_t>();
}

}  // namespace pare::train
