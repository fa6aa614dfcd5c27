#pragma once

#include <cstdint>

namespace pare::nn {

// What a spiking neuron is, for each of its implementations: plain numbers, no torch.

/// What a spike leaves of the membrane: soft takes the threshold off, hard sets it to 0.
enum class SpikeReset { kSoft, kHard };

/// The shape h(x) of a surrogate gradient, 1 at 0: triangle max(0, 1 - |x|), sigmoid
/// 4 s(x) (1 - s(x)) with s the logistic function, arctan 1 / (1 + (pi x / 2)^2).
enum class SurrogateShape { kTriangle, kSigmoid, kArctan };

/// d spike / dz = gain h(z / width), z = u / threshold - 1.
struct SpikeSurrogate {
  SurrogateShape shape = SurrogateShape::kTriangle;
  double gain = 0.3;
  double width = 1;
};

/// The integers that a membrane may be, in steps of its grid; 0 is one of them.
struct MembraneCodes {
  float lowest = 0;
  float highest = 0;
};

/// What all neurons of a layer have in common (docs/methods/spiking.md, "The neuron").
struct SpikeRule {
  bool is_strict = true;  ///< u > V spikes; else u >= V
  SpikeReset reset = SpikeReset::kSoft;
  bool leaks_reset = true;  ///< the leak acts on what the reset leaves; else on u
  SpikeSurrogate surrogate = {};
  MembraneCodes codes = {};  ///< where the membrane has a grid
};

/// Row-major [steps, samples, channels, positions].
struct SpikeShape {
  std::int64_t steps = 1;
  std::int64_t samples = 1;
  std::int64_t channels = 1;
  std::int64_t positions = 1;

  constexpr std::int64_t neurons() const { return samples * channels * positions; }
};

/// One number for all channels (stride 0), or one a channel (stride 1); none: no values.
struct OfChannels {
  const float* values = nullptr;
  std::int64_t stride = 0;
};

/// A layer of neurons in plain memory, float32.
struct SpikeLayer {
  SpikeShape shape = {};
  bool is_once = false;  ///< the current is [samples, channels, positions], the same at each step
  SpikeRule rule = {};
  OfChannels threshold = {};
  OfChannels leak = {};
  OfChannels step = {};  ///< of the membrane's grid; none: the membrane is not rounded

  constexpr bool has_grid() const { return step.values != nullptr; }
};

/// The backward pass computes membranes again, this many steps at a time, from those that the
/// forward pass keeps: what it was at the start of each piece but the first.
inline constexpr std::int64_t kSpikeSegment = 16;

constexpr std::int64_t num_kept_membranes(std::int64_t steps) {
  return steps <= 0 ? 0 : (steps - 1) / kSpikeSegment;
}

}  // namespace pare::nn
