#include "nn/spike_cuda.h"

#include <cuda_runtime.h>

#include "nn/spike_lane.h"

// A thread takes one neuron through all steps. It reads a segment's currents before it needs them:
// loads that wait for nothing, of neighbours by neighbours. Backward as in spike_kernels.cpp.
// Compiled without contraction into fused multiply-adds.
namespace pare::nn {
namespace {

constexpr int kThreads = 64;

__device__ float of_channel(const OfChannels& values, std::int64_t channel) {
  return values.values[channel * values.stride];
}

/// A neuron's numbers, and where it stands.
struct Neuron {
  SpikeLane lane;
  float fires_above;
  std::int64_t index;
  std::int64_t stride;          ///< from step to step
  std::int64_t current_stride;  ///< 0: the same at each step

  __device__ Neuron(const SpikeLayer& layer, std::int64_t i)
      : index(i), stride(layer.shape.neurons()), current_stride(layer.is_once ? 0 : stride) {
    const std::int64_t channel = i / layer.shape.positions % layer.shape.channels;
    const float step = layer.has_grid() ? of_channel(layer.step, channel) : 1.0F;
    lane = {of_channel(layer.threshold, channel), of_channel(layer.leak, channel), step,
            step * layer.rule.codes.lowest, step * layer.rule.codes.highest};
    fires_above = nn::fires_above(lane.threshold, layer.rule.is_strict);
  }
};

/// The numbers of the steps begin … end - 1; others stay as they are.
__device__ void load(const float* from, std::int64_t stride, std::int64_t begin, std::int64_t end,
                     float (&to)[kSpikeSegment]) {
#pragma unroll
  for (int k = 0; k < kSpikeSegment; ++k) {
    if (begin + k < end) to[k] = from[(begin + k) * stride];
  }
}

template <ResetForm kForm, bool kHasGrid>
__global__ void __launch_bounds__(kThreads)
    forward(SpikeLayer layer, const float* current, float* spikes, float* kept) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= layer.shape.neurons()) return;
  const Neuron n(layer, i);
  const std::int64_t steps = layer.shape.steps;
  float c = 0;
  for (std::int64_t begin = 0; begin < steps; begin += kSpikeSegment) {
    if (kept != nullptr && begin > 0) kept[(begin / kSpikeSegment - 1) * n.stride + i] = c;
    float x[kSpikeSegment];
    load(current + i, n.current_stride, begin, steps, x);
#pragma unroll
    for (int k = 0; k < kSpikeSegment; ++k) {
      if (begin + k >= steps) continue;
      const float u = c + x[k];
      const bool is_spike = u > n.fires_above;
      spikes[(begin + k) * n.stride + i] = is_spike ? 1.0F : 0.0F;
      c = next_membrane<kForm, kHasGrid>(u, is_spike, n.lane);
    }
  }
}

__device__ float back_through_spike_of(SurrogateShape shape, float u, float g,
                                       const SurrogateLane& n) {
  switch (shape) {
    case SurrogateShape::kTriangle:
      return back_through_spike<SurrogateShape::kTriangle>(u, g, n);
    case SurrogateShape::kSigmoid:
      return back_through_spike<SurrogateShape::kSigmoid>(u, g, n);
    case SurrogateShape::kArctan:
      return back_through_spike<SurrogateShape::kArctan>(u, g, n);
  }
  return 0;
}

/// Sums of a segment in float, of all in double, as on the CPU.
struct Sum {
  double all = 0;
  float of_segment = 0;

  __device__ void close_segment() {
    all += static_cast<double>(of_segment);
    of_segment = 0;
  }
};

template <ResetForm kForm, bool kHasGrid>
__global__ void __launch_bounds__(kThreads)
    backward(SpikeLayer layer, const float* current, const float* kept, const float* g, float* gx,
             float* sums) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= layer.shape.neurons()) return;
  const Neuron n(layer, i);
  const SurrogateLane surrogate = surrogate_lane(layer.rule.surrogate, n.lane.threshold);
  float gradient = 0;
  Sum of_current;
  Sum of_threshold;
  Sum of_leak;
  for (std::int64_t segment = num_kept_membranes(layer.shape.steps); segment >= 0; --segment) {
    const std::int64_t begin = segment * kSpikeSegment;
    const std::int64_t end = min(begin + kSpikeSegment, layer.shape.steps);
    float u[kSpikeSegment];
    float gs[kSpikeSegment];
    load(current + i, n.current_stride, begin, end, u);
    load(g + i, n.stride, begin, end, gs);
    float c = segment == 0 ? 0.0F : kept[(segment - 1) * n.stride + i];
#pragma unroll
    for (int k = 0; k < kSpikeSegment; ++k) {
      if (begin + k >= end) continue;
      u[k] = c + u[k];
      c = next_membrane<kForm, kHasGrid>(u[k], u[k] > n.fires_above, n.lane);
    }
#pragma unroll
    for (int k = kSpikeSegment - 1; k >= 0; --k) {
      if (begin + k >= end) continue;
      const float by_spike =
          back_through_spike_of(layer.rule.surrogate.shape, u[k], gs[k], surrogate);
      const SpikeLaneGradient back =
          back_through_reset<kForm, kHasGrid>(u[k], u[k] > n.fires_above, gradient, n.lane);
      of_threshold.of_segment += back.threshold - by_spike * u[k] * surrogate.inverse;
      of_leak.of_segment += back.leak;
      gradient = by_spike + back.membrane;
      of_current.of_segment += gradient;
      if (!layer.is_once) gx[(begin + k) * n.stride + i] = gradient;
    }
    of_current.close_segment();
    of_threshold.close_segment();
    of_leak.close_segment();
  }
  if (layer.is_once) gx[i] = static_cast<float>(of_current.all);
  sums[i] = static_cast<float>(of_threshold.all);
  sums[n.stride + i] = static_cast<float>(of_leak.all);
}

/// Calls launch(form, has_grid) with both as types.
template <ResetForm kForm>
struct FormTag {
  static constexpr ResetForm form = kForm;
};
template <bool kHas>
struct GridTag {
  static constexpr bool has_grid = kHas;
};

template <class Launch>
void dispatch(const SpikeLayer& layer, Launch launch) {
  const auto with_grid = [&](auto form) {
    if (layer.has_grid()) return launch(form, GridTag<true>{});
    return launch(form, GridTag<false>{});
  };
  switch (form_of(layer.rule)) {
    case ResetForm::kSoftLeaked:
      return with_grid(FormTag<ResetForm::kSoftLeaked>{});
    case ResetForm::kSoftUnleaked:
      return with_grid(FormTag<ResetForm::kSoftUnleaked>{});
    case ResetForm::kHard:
      return with_grid(FormTag<ResetForm::kHard>{});
  }
}

unsigned num_blocks(const SpikeLayer& layer) {
  return static_cast<unsigned>((layer.shape.neurons() + kThreads - 1) / kThreads);
}

}  // namespace

void spike_forward_cuda(const SpikeLayer& layer, const float* current, float* spikes, float* kept,
                        void* stream) {
  if (layer.shape.neurons() == 0) return;
  dispatch(layer, [&](auto form, auto grid) {
    forward<decltype(form)::form, decltype(grid)::has_grid>
        <<<num_blocks(layer), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(layer, current,
                                                                               spikes, kept);
  });
}

void spike_backward_cuda(const SpikeLayer& layer, const float* current, const float* kept,
                         const float* g, float* gx, float* sums, void* stream) {
  if (layer.shape.neurons() == 0) return;
  dispatch(layer, [&](auto form, auto grid) {
    backward<decltype(form)::form, decltype(grid)::has_grid>
        <<<num_blocks(layer), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
            layer, current, kept, g, gx, sums);
  });
}

}  // namespace pare::nn
