#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/axis_order.h"
#include "engine/kernel_cost.h"
#include "engine/kernels.h"
#include "engine/spikes.h"
#include "graph/window.h"
#include "program/intervals.h"

namespace pare::engine {

/// Weights [output, channel, tap] as [output, tap, channel], taps in the order of storage.
std::vector<std::int64_t> by_stored_tap(std::span<const std::int64_t> weight,
                                        std::size_t num_outputs, const graph::Window& window,
                                        const AxisOrder& order);

/// A convolution of spikes, or a linear op as one whose window is the whole input.
struct SpikeConv {
  std::span<const std::int64_t> weight = {};  ///< [output, channel, tap]
  std::span<const std::int64_t> bias = {};    ///< [output]; empty: none
  graph::Window window = {};
  std::size_t num_channels = 1;
  std::size_t num_outputs = 1;
  program::Interval sums = {};  ///< of products and bias, in any order
};

/// Its weights for kernels: tables where they are small, else rows. None if sums may not fit 32
/// bits. `preferred`, for tests and the benchmark: kSpikes adds the rows of what spikes, however
/// few rows there are; kDenseBytes multiplies all of them, however few spikes there are.
std::optional<SpikeSums> make_spike_sums(const SpikeConv& conv, const AxisOrder& order,
                                         InstructionSet set, std::optional<KernelKind> preferred);

}  // namespace pare::engine
