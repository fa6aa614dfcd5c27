#pragma once

#include <cstddef>
#include <cstdint>

#include "base/progress.h"
#include "base/tensor.h"
#include "model/model.h"

namespace pare::cli {

/// How the pixels of a scene are asked.
struct PixelOptions {
  std::int64_t patch = 5;       ///< rows and columns of a sample, odd
  std::size_t num_threads = 1;  ///< of the engine, 1 … 256
};

/// The class that a model gives each pixel of a cube (float32 [rows, columns, bands]) for the patch
/// around it (data::cut_patches): int64 [rows, columns]. The integer program by the engine where
/// there is one, else the float graph; of equal patches what `pare eval` says of them. Patches are
/// cut batch by batch, so that besides the cube and the result the memory does not depend on the
/// scene. `progress` may be empty.
///
/// Throws InputError if a batch norm uses the statistics of its batch, or a program takes its input
/// step by step. REQUIRES: a patch [bands, patch, patch] is the network's input (check_fits), and
/// no larger than the cube.
Tensor classify_pixels(const model::Model& model, const Tensor& cube, const PixelOptions& options,
                       const ProgressSink& progress);

}  // namespace pare::cli
