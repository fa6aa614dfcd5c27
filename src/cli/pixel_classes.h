#pragma once

#include "base/progress.h"
#include "base/tensor.h"
#include "cli/pixel_runner.h"
#include "model/model.h"

namespace pare::cli {

/// The class that a model gives each pixel of a cube (float32 [rows, columns, bands]) for the patch
/// around it: int64 [rows, columns]; of equal patches what `pare eval` says of them. Patches are
/// cut batch by batch, so that besides the cube and the result the memory does not depend on the
/// scene. `progress` may be empty. Throws InputError, and requires, as PixelRunner does.
Tensor classify_pixels(const model::Model& model, const Tensor& cube, const PixelOptions& options,
                       const ProgressSink& progress);

}  // namespace pare::cli
