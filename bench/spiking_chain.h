#pragma once

// Spiking neurons and networks as one writes them in torch: a custom spike, everything else tensor
// operations that autograd records, step after step.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

namespace pare::bench {

inline constexpr double kSurrogateGain = 0.3;

/// A spike with the triangle's gradient.
struct ChainSpike : torch::autograd::Function<ChainSpike> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& z) {
    context->save_for_backward({z});
    return z.gt(0).to(z.dtype());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list g) {
    const torch::Tensor z = context->get_saved_variables()[0];
    return {g[0] * kSurrogateGain * (1 - z.abs()).clamp_min(0)};
  }
};

/// The spikes of one step; `membrane` moves on: soft reset, on which the leak acts.
inline torch::Tensor chain_step(const torch::Tensor& current, const torch::Tensor& threshold,
                                const torch::Tensor& leak, torch::Tensor& membrane) {
  const torch::Tensor u = membrane.defined() ? membrane + current : current;
  torch::Tensor spikes = ChainSpike::apply(u / threshold - 1);
  membrane = leak * (u - threshold * spikes.detach());
  return spikes;
}

/// A convolution or, with an empty stride, a linear layer, neither with a bias; all but the last
/// have neurons behind them.
struct ChainLayer {
  std::string name;
  torch::Tensor weight = {};
  std::vector<std::int64_t> stride = {};
  std::vector<std::int64_t> padding = {};
  torch::Tensor threshold = {};
  torch::Tensor leak = {};
};

/// A directly coded spiking network that goes through all layers at each step; its first layer runs
/// once, and its output is the sum over the steps.
class SpikingChain : public torch::nn::Module {
 public:
  SpikingChain(std::vector<ChainLayer> layers, std::int64_t steps)
      : layers_(std::move(layers)), steps_(steps) {
    for (ChainLayer& layer : layers_) {
      for (auto [name, tensor] : {std::pair{"weight", &layer.weight},
                                  {"threshold", &layer.threshold},
                                  {"leak", &layer.leak}}) {
        if (!tensor->defined()) continue;
        *tensor = register_parameter(layer.name + "_" + name, tensor->detach().clone());
      }
    }
  }

  // Not const: torch finds it by this type.
  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor first = weighted(layers_.front(), x);
    std::vector<torch::Tensor> membranes(layers_.size());
    torch::Tensor sum;
    for (std::int64_t t = 0; t < steps_; ++t) {
      torch::Tensor at = first;
      for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
        if (i > 0) at = weighted(layers_[i], at);
        at = chain_step(at, layers_[i].threshold, layers_[i].leak, membranes[i]);
      }
      at = weighted(layers_.back(), at);
      sum = sum.defined() ? sum + at : at;
    }
    return sum;
  }

 private:
  static torch::Tensor weighted(const ChainLayer& layer, const torch::Tensor& x) {
    if (layer.stride.empty()) return torch::linear(x.flatten(1), layer.weight);
    return torch::conv3d(x, layer.weight, {}, layer.stride, layer.padding);
  }

  std::vector<ChainLayer> layers_;
  std::int64_t steps_;
};

}  // namespace pare::bench
