#include "nn/spike.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "base/error.h"
#include "nn/aten_spike.h"
#include "nn/spike_kernels.h"
#ifdef PARE_WITH_CUDA
#include "nn/spike_gpu.h"
#endif

namespace pare::nn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What the backward pass needs beside tensors.
struct SpikeSettings : torch::CustomClassHolder {
  std::int64_t steps;
  bool is_once;
  bool needs_gradients;
  SpikeRule rule;
  Path path;
};

/// The tensors of a layer: inputs of the function, and kept by it.
struct Inputs {
  Tensor current;
  Tensor threshold;
  Tensor leak;
  Tensor step;  ///< empty: no grid
};

struct Outputs {
  Tensor spikes;
  Tensor kept;  ///< for the backward pass: membranes of segments (kernels), or u of all steps
};

struct Gradients {
  Tensor current;
  Tensor threshold;
  Tensor leak;
};

OfChannels of_channels(const Tensor& tensor) {
  if (tensor.numel() == 0) return {};
  return {tensor.data_ptr<float>(), tensor.numel() == 1 ? 0 : 1};
}

std::vector<std::int64_t> shape_of_spikes(const Tensor& current, const SpikeSettings& s) {
  std::vector<std::int64_t> shape = current.sizes().vec();
  if (s.is_once) shape.insert(shape.begin(), s.steps);
  return shape;
}

SpikeLayer layer_of(const Inputs& in, const SpikeSettings& s) {
  const std::vector<std::int64_t> shape = shape_of_spikes(in.current, s);
  SpikeLayer layer{.shape = {shape[0], shape[1], shape[2], 1},
                   .is_once = s.is_once,
                   .rule = s.rule,
                   .threshold = of_channels(in.threshold),
                   .leak = of_channels(in.leak),
                   .step = of_channels(in.step)};
  for (std::size_t axis = 3; axis < shape.size(); ++axis) layer.shape.positions *= shape[axis];
  return layer;
}

Tensor empty_kept(const Inputs& in, const SpikeLayer& layer) {
  return torch::empty({num_kept_membranes(layer.shape.steps), layer.shape.neurons()},
                      in.current.options());
}

/// Calls f(chunk) for all chunks, on torch's threads where there is enough to do.
template <class F>
void for_chunks(const SpikeLayer& layer, F f) {
  // As many element updates as torch gives a thread at least.
  constexpr std::int64_t kElements = at::internal::GRAIN_SIZE;
  const std::int64_t chunks = num_spike_chunks(layer);
  const std::int64_t of_each =
      layer.shape.steps * layer.shape.neurons() / std::max<std::int64_t>(1, chunks);
  const std::int64_t grain =
      std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, of_each));
  at::parallel_for(0, chunks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) f(chunk);
  });
}

Outputs forward_on_cpu(const Inputs& in, const SpikeSettings& s) {
  const SpikeLayer layer = layer_of(in, s);
  Outputs out{torch::empty(shape_of_spikes(in.current, s), in.current.options()), {}};
  if (s.needs_gradients) out.kept = empty_kept(in, layer);
  const float* const current = in.current.data_ptr<float>();
  float* const kept = s.needs_gradients ? out.kept.data_ptr<float>() : nullptr;
  float* const spikes = out.spikes.data_ptr<float>();
  for_chunks(layer,
             [&](std::int64_t chunk) { spike_forward(layer, chunk, current, spikes, kept); });
  return out;
}

/// The sum of [chunks, n] over the chunks, in their order, as `like`.
Tensor sum_of_chunks(const std::vector<double>& sums, const Tensor& like) {
  const auto n = static_cast<std::size_t>(like.numel());
  Tensor result = torch::empty_like(like);
  float* const to = result.data_ptr<float>();
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t at = i; at < sums.size(); at += n) sum += sums[at];
    to[i] = static_cast<float>(sum);
  }
  return result;
}

Gradients backward_on_cpu(const Inputs& in, const Tensor& kept, const Tensor& g,
                          const SpikeSettings& s) {
  const SpikeLayer layer = layer_of(in, s);
  const auto chunks = static_cast<std::size_t>(num_spike_chunks(layer));
  const auto thresholds = static_cast<std::size_t>(in.threshold.numel());
  const auto leaks = static_cast<std::size_t>(in.leak.numel());
  std::vector<double> of_thresholds(chunks * thresholds, 0);
  std::vector<double> of_leaks(chunks * leaks, 0);
  Tensor gx = torch::empty_like(in.current);
  const float* const current = in.current.data_ptr<float>();
  const float* const from = kept.data_ptr<float>();
  const float* const gs = g.data_ptr<float>();
  float* const to = gx.data_ptr<float>();
  for_chunks(layer, [&](std::int64_t chunk) {
    const auto at = static_cast<std::size_t>(chunk);
    spike_backward(layer, chunk, current, from, gs, to,
                   {of_thresholds.data() + at * thresholds, of_leaks.data() + at * leaks});
  });
  return {gx, sum_of_chunks(of_thresholds, in.threshold), sum_of_chunks(of_leaks, in.leak)};
}

/// With one number a channel along axis 1 of a step [N, C, …].
AtenNeurons aten_neurons(const Inputs& in, const SpikeSettings& s) {
  std::vector<std::int64_t> shape(shape_of_spikes(in.current, s).size() - 1, 1);
  shape[1] = -1;
  return {in.threshold.view(shape), in.leak.view(shape),
          in.step.numel() == 0 ? Tensor() : in.step.view(shape), s.rule};
}

Outputs forward_by_aten(const Inputs& in, const SpikeSettings& s) {
  const AtenNeurons neurons = aten_neurons(in, s);
  const Tensor current = s.is_once ? in.current.unsqueeze(0) : in.current;
  Tensor u = aten_membranes(current, s.steps, neurons);
  Tensor spikes = aten_fires(u, neurons).to(u.dtype());
  return {std::move(spikes), std::move(u)};
}

Gradients backward_by_aten(const Inputs& in, const Tensor& u, const Tensor& g,
                           const SpikeSettings& s) {
  auto of = aten_spike_gradients(u, g, s.is_once ? 1 : s.steps, aten_neurons(in, s));
  return {of.current.view(in.current.sizes()), of.threshold.view(in.threshold.sizes()),
          of.leak.view(in.leak.sizes())};
}

Outputs forward_of(const Inputs& in, const SpikeSettings& s) {
  if (s.path == Path::kAten) return forward_by_aten(in, s);
#ifdef PARE_WITH_CUDA
  if (in.current.is_cuda()) {
    const SpikeLayer layer = layer_of(in, s);
    Outputs out{torch::empty(shape_of_spikes(in.current, s), in.current.options()),
                s.needs_gradients ? empty_kept(in, layer) : Tensor()};
    spike_forward_on_gpu(layer, in.current, out.spikes, out.kept);
    return out;
  }
#endif
  return forward_on_cpu(in, s);
}

Gradients backward_of(const Inputs& in, const Tensor& kept, const Tensor& g,
                      const SpikeSettings& s) {
  if (s.path == Path::kAten) return backward_by_aten(in, kept, g, s);
#ifdef PARE_WITH_CUDA
  if (in.current.is_cuda()) {
    Tensor gx = torch::empty_like(in.current);
    auto [of_threshold, of_leak] = spike_backward_on_gpu(layer_of(in, s), in.current, kept, g, gx);
    return {gx, of_threshold.view(in.threshold.sizes()), of_leak.view(in.leak.sizes())};
  }
#endif
  return backward_on_cpu(in, kept, g, s);
}

struct SpikesThroughTime : torch::autograd::Function<SpikesThroughTime> {
  static Tensor forward(AutogradContext* context, const Tensor& current, const Tensor& threshold,
                        const Tensor& leak, const Tensor& step,
                        const c10::intrusive_ptr<SpikeSettings>& s) {
    Outputs out = forward_of({current, threshold, leak, step}, *s);
    if (s->needs_gradients) {
      context->save_for_backward({current, threshold, leak, step, out.kept});
      context->saved_data["settings"] = c10::IValue::make_capsule(s);
    }
    return out.spikes;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data.at("settings").toCapsule();
    const SpikeSettings& s = static_cast<const SpikeSettings&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    const Gradients of = backward_of({saved[0], saved[1], saved[2], saved[3]}, saved[4],
                                     gradients[0].contiguous(), s);
    return {of.current, of.threshold, of.leak, Tensor(), Tensor()};
  }
};

void check_neurons(const SpikingNeurons& neurons, std::int64_t channels) {
  check(neurons.threshold.defined(), "spiking neurons without a threshold");
  for (const Tensor& tensor : {neurons.threshold, neurons.leak, neurons.membrane_step}) {
    check(!tensor.defined() || tensor.numel() == 1 || tensor.numel() == channels,
          "a spiking neuron's tensor is neither [1] nor one a channel");
  }
  const MembraneCodes& codes = neurons.rule.codes;
  check(!neurons.membrane_step.defined() || (codes.lowest <= 0 && codes.highest >= 0),
        "a membrane's codes are without 0");
}

Tensor spikes_of(const Tensor& current, std::int64_t steps, bool is_once,
                 const SpikingNeurons& neurons, Path path) {
  const Tensor& threshold = neurons.threshold;
  const Tensor leak = neurons.leak.defined() ? neurons.leak : torch::ones({1}, threshold.options());
  const Tensor step = neurons.membrane_step.defined() ? neurons.membrane_step.detach()
                                                      : torch::empty({0}, threshold.options());
  const auto settings = c10::make_intrusive<SpikeSettings>();
  settings->steps = steps;
  settings->is_once = is_once;
  settings->rule = neurons.rule;
  settings->path = path;
  settings->needs_gradients =
      torch::GradMode::is_enabled() &&
      (current.requires_grad() || threshold.requires_grad() || leak.requires_grad());
  return SpikesThroughTime::apply(current.contiguous(), threshold.contiguous(), leak.contiguous(),
                                  step.contiguous(), settings);
}

}  // namespace

Path fastest_path(const Tensor& current, const SpikingNeurons& neurons) {
#ifdef PARE_WITH_CUDA
  const bool has_device = current.is_cpu() || current.is_cuda();
#else
  const bool has_device = current.is_cpu();
#endif
  const auto is_plain = [&](const Tensor& tensor) {
    return !tensor.defined() ||
           (tensor.scalar_type() == torch::kFloat32 && tensor.device() == current.device());
  };
  const bool has_kernel = has_device && is_plain(current) && is_plain(neurons.threshold) &&
                          is_plain(neurons.leak) && is_plain(neurons.membrane_step);
  return has_kernel ? Path::kKernels : Path::kAten;
}

Tensor spike(const Tensor& current, const SpikingNeurons& neurons, Path path) {
  check(current.dim() >= 3, "a current at each step is [T, N, C, …]");
  check_neurons(neurons, current.size(2));
  return spikes_of(current, current.size(0), false, neurons, path);
}

Tensor spike_of_constant_current(const Tensor& current, std::int64_t steps,
                                 const SpikingNeurons& neurons, Path path) {
  check(current.dim() >= 2, "a constant current is [N, C, …]");
  check(steps >= 0, "a negative number of steps");
  check_neurons(neurons, current.size(1));
  return spikes_of(current, steps, true, neurons, path);
}

}  // namespace pare::nn
