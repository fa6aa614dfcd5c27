#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/elementwise.h"
#include "engine/image.h"
#include "engine/input_mapper.h"
#include "engine/linear.h"
#include "engine/output_rows.h"
#include "engine/spikes.h"

namespace pare::engine {

/// What kernels are compiled for.
enum class InstructionSet : std::uint8_t {
  kPortable,  ///< any machine that has no instruction set below by default
  kNeon,
  kAvx2,
  kAvx512Vnni,
};

/// "portable", "neon", "avx2", "avx512-vnni".
std::string_view name_of(InstructionSet set);

/// Those that this machine has, slowest first.
std::vector<InstructionSet> instruction_sets();

/// The kernels of an instruction set.
struct Kernels {
  /// Lanes are outputs: one sample at a time, rows and all. `extent.stride` is 1.
  LinearKernel dense_sample = nullptr;
  /// Lanes are samples, or positions of an image.
  LinearKernel dense_batch = nullptr;
  LinearKernel sparse_batch = nullptr;
  LinearKernel pairs_batch = nullptr;
  ElementwiseKernel elementwise = nullptr;  ///< of one sample and of batches
  ImageKernel image = nullptr;
  InputKernel map_input = nullptr;
  OutputKernel unload = nullptr;
  SpikeKernel spikes = nullptr;  ///< sums, layers and neurons
  bool has_fma = false;          ///< whether a multiply-add of float32 rounds once
};

/// REQUIRES: the machine has the instruction set.
const Kernels& kernels_of(InstructionSet set);

}  // namespace pare::engine
