#pragma once

#include "base/progress.h"
#include "base/tensor.h"
#include "cli/pixel_runner.h"

namespace pare::cli {

/// The class that a model gives each pixel of the runner's cube for the patch around it: int64
/// [rows, columns]; of equal patches what `pare eval` says of them. Patches are cut batch by batch,
/// so that besides the cube and the result the memory does not depend on the scene. `progress` may
/// be empty.
Tensor classify_pixels(const PixelRunner& runner, const ProgressSink& progress);

}  // namespace pare::cli
