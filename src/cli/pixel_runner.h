#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/progress.h"
#include "base/tensor.h"
#include "model/model.h"

namespace pare::cli {

/// How the pixels of a scene are asked.
struct PixelOptions {
  std::int64_t patch = 5;       ///< rows and columns of a sample, odd
  std::size_t num_threads = 1;  ///< of the engine, 1 … 256
};

/// A model that is asked for the patches around pixels of a cube, batch by batch: the integer
/// program by the engine where there is one, else the float graph.
class PixelRunner {
 public:
  /// Model and cube (float32 [rows, columns, bands]) outlive it. Throws InputError if a batch norm
  /// of a float graph uses the statistics of its batch, or a program takes its input step by step.
  /// REQUIRES: a patch [bands, patch, patch] is the network's input (check_fits), and no larger
  /// than the cube.
  PixelRunner(const model::Model& model, const Tensor& cube, const PixelOptions& options);

  const Tensor& cube() const { return *cube_; }

  /// How many pixels are best asked at once, so that memory does not depend on the scene.
  std::int64_t batch_size() const { return batch_size_; }

  /// What the model says of the patches around pixels (row * columns + column), as
  /// data::cut_patches cuts them: row-major [N, outputs], as run_program and graph::evaluate have
  /// it. REQUIRES: at least one pixel.
  std::vector<double> run(std::span<const std::int64_t> pixels) const;

 private:
  const Tensor* cube_;
  std::int64_t patch_;
  std::int64_t batch_size_;
  std::function<std::vector<double>(const Tensor& raw)> answers_;
};

/// What a model says of all of these pixels, asked in batches: row-major [N, outputs]. Besides it
/// and the cube, memory does not depend on the number of pixels. `progress` may be empty. Throws
/// InputError, and requires, as PixelRunner does.
std::vector<double> run_on_pixels(const model::Model& model, const Tensor& cube,
                                  std::span<const std::int64_t> pixels, const PixelOptions& options,
                                  const ProgressSink& progress);

}  // namespace pare::cli
