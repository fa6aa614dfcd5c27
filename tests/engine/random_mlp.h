#pragma once

#include <cstdint>

#include "program/program.h"

namespace pare::engine {

/// A chain of linear and requantize as quantized and pruned multilayer perceptrons have: odd sizes
/// from 1 to 130, inputs of 1 to 16 bits, weights of 1 to 8 (now and then 16) bits with densities
/// from 0 to 1, biases, constants for all or one an output, all rounding modes. It passes
/// program::check. The same seed gives the same program everywhere.
program::Program random_mlp(std::uint64_t seed);

}  // namespace pare::engine
