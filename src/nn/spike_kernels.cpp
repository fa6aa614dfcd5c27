#include "nn/spike_kernels.h"

#include <algorithm>
#include <numeric>

#include "nn/simd.h"
#include "nn/spike_lane.h"

// A chunk is a run of blocks. A block's neurons go through all steps together, so that what they
// hold stays in the L1 cache and each element of current, spikes and gradients moves once. The
// backward pass goes through the segments from the last to the first: forward from the kept
// membrane, which gives the segment's u, then backward. Sums over a segment's steps are taken in
// float, one a neuron, all others in double.
namespace pare::nn {
namespace {

constexpr std::int64_t kBlock = 256;
constexpr std::int64_t kMaxChunks = 64;

/// What the layer says of a block's neurons, written out one by one.
struct Block {
  std::int64_t first;
  std::int64_t size;
  alignas(64) float threshold[kBlock];
  alignas(64) float fires_above[kBlock];
  alignas(64) float leak[kBlock];
  alignas(64) float step[kBlock];
  alignas(64) float lowest[kBlock];
  alignas(64) float highest[kBlock];

  [[gnu::always_inline]] SpikeLane lane(std::int64_t i) const {
    return {threshold[i], leak[i], step[i], lowest[i], highest[i]};
  }
};

/// Calls f(i, channel) for the neurons of a block.
template <class F>
void for_channels(const SpikeShape& shape, std::int64_t first, std::int64_t size, F f) {
  std::int64_t channel = first / shape.positions % shape.channels;
  std::int64_t position = first % shape.positions;
  for (std::int64_t i = 0; i < size; ++i) {
    f(i, channel);
    if (++position < shape.positions) continue;
    position = 0;
    channel = channel + 1 == shape.channels ? 0 : channel + 1;
  }
}

/// Whether all neurons are the same, so that what one block has written out holds for the next.
bool is_uniform(const SpikeLayer& layer) {
  return layer.threshold.stride == 0 && layer.leak.stride == 0 && layer.step.stride == 0;
}

void place_block(const SpikeLayer& layer, std::int64_t first, Block& block) {
  block.first = first;
  block.size = std::min(kBlock, layer.shape.neurons() - first);
}

void set_neurons(const SpikeLayer& layer, Block& block) {
  for_channels(layer.shape, block.first, block.size, [&](std::int64_t i, std::int64_t c) {
    const float threshold = layer.threshold.values[c * layer.threshold.stride];
    const float step = layer.has_grid() ? layer.step.values[c * layer.step.stride] : 1.0F;
    block.threshold[i] = threshold;
    block.fires_above[i] = fires_above(threshold, layer.rule.is_strict);
    block.leak[i] = layer.leak.values[c * layer.leak.stride];
    block.step[i] = step;
    block.lowest[i] = step * layer.rule.codes.lowest;
    block.highest[i] = step * layer.rule.codes.highest;
  });
}

/// Which neurons a chunk has.
struct Chunk {
  std::int64_t begin;
  std::int64_t end;
};

Chunk chunk_of(const SpikeLayer& layer, std::int64_t chunk) {
  const std::int64_t blocks = (layer.shape.neurons() + kBlock - 1) / kBlock;
  const std::int64_t of_each = (blocks + kMaxChunks - 1) / kMaxChunks * kBlock;
  return {chunk * of_each, std::min((chunk + 1) * of_each, layer.shape.neurons())};
}

/// One step of a block: membranes c move on; `out` gets the spikes, or u.
enum class Output { kSpikes, kMembranes };

template <ResetForm kForm, bool kHasGrid, Output kOutput>
[[gnu::always_inline]] inline void step_forward(const Block& block, const float* __restrict x,
                                                float* __restrict c, float* __restrict out) {
  for (std::int64_t i = 0; i < block.size; ++i) {
    const float u = c[i] + x[i];
    const bool is_spike = u > block.fires_above[i];
    out[i] = kOutput == Output::kSpikes ? (is_spike ? 1.0F : 0.0F) : u;
    c[i] = next_membrane<kForm, kHasGrid>(u, is_spike, block.lane(i));
  }
}

/// Where the numbers of a block at step t lie.
struct Rows {
  const SpikeLayer& layer;
  std::int64_t first;

  std::int64_t operator()(std::int64_t t) const { return t * layer.shape.neurons() + first; }
  std::int64_t of_current(std::int64_t t) const { return layer.is_once ? first : (*this)(t); }
};

template <ResetForm kForm, bool kHasGrid>
[[gnu::always_inline]] inline void block_forward(const SpikeLayer& layer, const Block& block,
                                                 const float* current, float* spikes, float* kept) {
  alignas(64) float c[kBlock] = {};
  const Rows row{layer, block.first};
  for (std::int64_t t = 0; t < layer.shape.steps; ++t) {
    if (kept != nullptr && t > 0 && t % kSpikeSegment == 0) {
      std::copy_n(c, block.size, kept + row(t / kSpikeSegment - 1));
    }
    step_forward<kForm, kHasGrid, Output::kSpikes>(block, current + row.of_current(t), c,
                                                   spikes + row(t));
  }
}

/// What a block carries backward through time, one number a neuron.
struct Carried {
  alignas(64) float gradient[kBlock];            ///< of c
  alignas(64) float current_of_segment[kBlock];  ///< sums over a segment's steps
  alignas(64) float threshold_of_segment[kBlock];
  alignas(64) float leak_of_segment[kBlock];
  alignas(64) double current[kBlock];  ///< sums over all steps
  alignas(64) double threshold[kBlock];
  alignas(64) double leak[kBlock];
};

struct Surrogates {
  alignas(64) float scale[kBlock];
  alignas(64) float slope[kBlock];
  alignas(64) float inverse[kBlock];
  float centre;

  [[gnu::always_inline]] SurrogateLane lane(std::int64_t i) const {
    return {scale[i], slope[i], centre, inverse[i]};
  }
};

void set_surrogates(const SpikeSurrogate& of, const Block& block, Surrogates& surrogates) {
  surrogates.centre = static_cast<float>(1 / of.width);
  for (std::int64_t i = 0; i < block.size; ++i) {
    const SurrogateLane lane = surrogate_lane(of, block.threshold[i]);
    surrogates.scale[i] = lane.scale;
    surrogates.slope[i] = lane.slope;
    surrogates.inverse[i] = lane.inverse;
  }
}

template <SurrogateShape kShape>
[[gnu::always_inline]] inline void surrogate_row(const Surrogates& n, std::int64_t size,
                                                 const float* __restrict u,
                                                 const float* __restrict g, float* __restrict to) {
  for (std::int64_t i = 0; i < size; ++i) {
    to[i] = back_through_spike<kShape>(u[i], g[i], n.lane(i));
  }
}

[[gnu::always_inline]] inline void surrogate_row(SurrogateShape shape, const Surrogates& n,
                                                 std::int64_t size, const float* u, const float* g,
                                                 float* to) {
  switch (shape) {
    case SurrogateShape::kTriangle:
      return surrogate_row<SurrogateShape::kTriangle>(n, size, u, g, to);
    case SurrogateShape::kSigmoid:
      return surrogate_row<SurrogateShape::kSigmoid>(n, size, u, g, to);
    case SurrogateShape::kArctan:
      return surrogate_row<SurrogateShape::kArctan>(n, size, u, g, to);
  }
}

/// One step backward: `gu` holds the gradient of u by way of the spike, and gets the whole.
template <ResetForm kForm, bool kHasGrid>
[[gnu::always_inline]] inline void step_backward(const Block& block,
                                                 const float* __restrict inverse,
                                                 const float* __restrict us, float* __restrict gu,
                                                 Carried& carried) {
  float* const __restrict gradient = carried.gradient;
  float* const __restrict thresholds = carried.threshold_of_segment;
  float* const __restrict leaks = carried.leak_of_segment;
  for (std::int64_t i = 0; i < block.size; ++i) {
    const float u = us[i];
    const bool is_spike = u > block.fires_above[i];
    const SpikeLaneGradient back =
        back_through_reset<kForm, kHasGrid>(u, is_spike, gradient[i], block.lane(i));
    thresholds[i] += back.threshold - gu[i] * u * inverse[i];
    leaks[i] += back.leak;
    gradient[i] = gu[i] + back.membrane;
    gu[i] = gradient[i];
  }
}

/// Adds what a segment has summed, and clears it.
[[gnu::always_inline]] inline void add_segment(std::int64_t size, float* __restrict of_segment,
                                               double* __restrict sums) {
  for (std::int64_t i = 0; i < size; ++i) {
    sums[i] += static_cast<double>(of_segment[i]);
    of_segment[i] = 0;
  }
}

struct BackwardMemory {
  const float* current;
  const float* kept;
  const float* g;
  float* gx;
};

template <ResetForm kForm, bool kHasGrid>
[[gnu::always_inline]] inline void block_backward(const SpikeLayer& layer, const Block& block,
                                                  const Surrogates& surrogates,
                                                  const BackwardMemory& m, Carried& carried) {
  alignas(64) float u[kSpikeSegment][kBlock];
  alignas(64) float c[kBlock];
  alignas(64) float gu_once[kBlock];
  const Rows row{layer, block.first};
  for (std::int64_t segment = num_kept_membranes(layer.shape.steps); segment >= 0; --segment) {
    const std::int64_t begin = segment * kSpikeSegment;
    const std::int64_t end = std::min(begin + kSpikeSegment, layer.shape.steps);
    if (segment == 0) std::fill_n(c, block.size, 0.0F);
    if (segment > 0) std::copy_n(m.kept + row(segment - 1), block.size, c);
    for (std::int64_t t = begin; t < end; ++t) {
      step_forward<kForm, kHasGrid, Output::kMembranes>(block, m.current + row.of_current(t), c,
                                                        u[t - begin]);
    }
    for (std::int64_t t = end - 1; t >= begin; --t) {
      float* const gu = layer.is_once ? gu_once : m.gx + row(t);
      surrogate_row(layer.rule.surrogate.shape, surrogates, block.size, u[t - begin], m.g + row(t),
                    gu);
      step_backward<kForm, kHasGrid>(block, surrogates.inverse, u[t - begin], gu, carried);
      if (!layer.is_once) continue;
      for (std::int64_t i = 0; i < block.size; ++i) carried.current_of_segment[i] += gu[i];
    }
    add_segment(block.size, carried.threshold_of_segment, carried.threshold);
    add_segment(block.size, carried.leak_of_segment, carried.leak);
    if (layer.is_once) add_segment(block.size, carried.current_of_segment, carried.current);
  }
}

template <ResetForm kForm>
[[gnu::always_inline]] inline void forward_of_form(const SpikeLayer& layer, const Block& block,
                                                   const float* current, float* spikes,
                                                   float* kept) {
  if (layer.has_grid()) return block_forward<kForm, true>(layer, block, current, spikes, kept);
  block_forward<kForm, false>(layer, block, current, spikes, kept);
}

PARE_SIMD_CLONES
void forward_block(const SpikeLayer& layer, const Block& block, const float* current, float* spikes,
                   float* kept) {
  switch (form_of(layer.rule)) {
    case ResetForm::kSoftLeaked:
      return forward_of_form<ResetForm::kSoftLeaked>(layer, block, current, spikes, kept);
    case ResetForm::kSoftUnleaked:
      return forward_of_form<ResetForm::kSoftUnleaked>(layer, block, current, spikes, kept);
    case ResetForm::kHard:
      return forward_of_form<ResetForm::kHard>(layer, block, current, spikes, kept);
  }
}

template <ResetForm kForm>
[[gnu::always_inline]] inline void backward_of_form(const SpikeLayer& layer, const Block& block,
                                                    const Surrogates& surrogates,
                                                    const BackwardMemory& m, Carried& carried) {
  if (layer.has_grid()) return block_backward<kForm, true>(layer, block, surrogates, m, carried);
  block_backward<kForm, false>(layer, block, surrogates, m, carried);
}

PARE_SIMD_CLONES
void backward_block(const SpikeLayer& layer, const Block& block, const Surrogates& surrogates,
                    const BackwardMemory& m, Carried& carried) {
  switch (form_of(layer.rule)) {
    case ResetForm::kSoftLeaked:
      return backward_of_form<ResetForm::kSoftLeaked>(layer, block, surrogates, m, carried);
    case ResetForm::kSoftUnleaked:
      return backward_of_form<ResetForm::kSoftUnleaked>(layer, block, surrogates, m, carried);
    case ResetForm::kHard:
      return backward_of_form<ResetForm::kHard>(layer, block, surrogates, m, carried);
  }
}

/// Neuron after neuron.
void add_sums(const SpikeLayer& layer, const Block& block, const Carried& carried, SpikeSums sums) {
  if (is_uniform(layer)) {
    sums.threshold[0] =
        std::accumulate(carried.threshold, carried.threshold + block.size, sums.threshold[0]);
    sums.leak[0] = std::accumulate(carried.leak, carried.leak + block.size, sums.leak[0]);
    return;
  }
  for_channels(layer.shape, block.first, block.size, [&](std::int64_t i, std::int64_t c) {
    sums.threshold[c * layer.threshold.stride] += carried.threshold[i];
    sums.leak[c * layer.leak.stride] += carried.leak[i];
  });
}

}  // namespace

std::int64_t num_spike_chunks(const SpikeLayer& layer) {
  const std::int64_t neurons = layer.shape.neurons();
  const Chunk first = chunk_of(layer, 0);
  return neurons == 0 ? 0 : (neurons + first.end - 1) / first.end;
}

void spike_forward(const SpikeLayer& layer, std::int64_t chunk, const float* current, float* spikes,
                   float* kept) {
  const Chunk of = chunk_of(layer, chunk);
  Block block;
  for (std::int64_t first = of.begin; first < of.end; first += kBlock) {
    place_block(layer, first, block);
    if (first == of.begin || !is_uniform(layer)) set_neurons(layer, block);
    forward_block(layer, block, current, spikes, kept);
  }
}

void spike_backward(const SpikeLayer& layer, std::int64_t chunk, const float* current,
                    const float* kept, const float* g, float* gx, SpikeSums sums) {
  const Chunk of = chunk_of(layer, chunk);
  Block block;
  Surrogates surrogates;
  for (std::int64_t first = of.begin; first < of.end; first += kBlock) {
    place_block(layer, first, block);
    if (first == of.begin || !is_uniform(layer)) {
      set_neurons(layer, block);
      set_surrogates(layer.rule.surrogate, block, surrogates);
    }
    Carried carried{};
    backward_block(layer, block, surrogates, {current, kept, g, gx}, carried);
    add_sums(layer, block, carried, sums);
    if (!layer.is_once) continue;
    std::transform(carried.current, carried.current + block.size, gx + first,
                   [](double sum) { return static_cast<float>(sum); });
  }
}

}  // namespace pare::nn
