#pragma once

#include <cstdint>

#include "program/program.h"

namespace pare::networks {

/// A chain of linear and requantize as quantized and pruned multilayer perceptrons have: odd sizes
/// from 1 to 130, inputs of 1 to 16 bits, weights of 1 to 8 (now and then 16) bits with densities
/// from 0 to 1, biases, constants for all or one an output, all rounding modes. It passes
/// program::check. The same seed gives the same program everywhere.
program::Program random_mlp(std::uint64_t seed);

/// A chain of convolutions (one to three axes, odd sizes, paddings, groups, dilations; strides
/// mostly 1), requantizes and max-poolings as quantized and pruned convolutional networks have, and
/// sometimes a linear layer behind them. It passes program::check.
program::Program random_cnn(std::uint64_t seed);

/// Convolutions and linear ops between neurons of every kind, run for some steps; some with more
/// readers of what is within the neurons than the neurons themselves.
program::Program random_snn(std::uint64_t seed);

}  // namespace pare::networks
