#pragma once

#include <cstdint>

#include <torch/types.h>

#include "base/tensor.h"
#include "rewrite/calibrate.h"

namespace pare::train {

/// A scene whose patches are cut on a device.
struct PatchSource {
  torch::Tensor pixels;      ///< float32 [rows x columns, bands], borders included
  std::int64_t columns = 0;  ///< borders included
  std::int64_t patch = 1;    ///< rows and columns of a patch, odd
};

/// A cube, float32 [rows, columns, bands], with a border of half a patch all around, in which it is
/// mirrored as data::cut_patches does. REQUIRES: patch is odd, and at most `rows` and `columns`.
PatchSource with_mirrored_border(const torch::Tensor& cube, std::int64_t patch);

/// The inputs of N samples, float32 [N, …] on one device: held as they are, or patches of a scene,
/// which are cut when they are asked for. Copies share what they hold.
class Inputs {
 public:
  Inputs() = default;

  /// All samples, [N, …]. Not explicit: whoever has the samples has inputs.
  Inputs(torch::Tensor samples);  // NOLINT(google-explicit-constructor)

  /// The patches [bands, patch, patch] around pixels of a scene, int64 [N], row * columns + column
  /// without borders. They equal those of data::cut_patches.
  Inputs(PatchSource source, const torch::Tensor& pixels);

  std::int64_t size() const;
  Shape sample_shape() const;
  torch::Device device() const;

  /// Samples first … first + count - 1, [count, …].
  torch::Tensor rows(std::int64_t first, std::int64_t count) const;

  /// `count` samples, or all if there are fewer, as compress::calibration_samples takes them.
  torch::Tensor at_equal_distances(std::int64_t count) const;

  /// The samples of these numbers, int64 [n], in this order.
  Inputs picked(const torch::Tensor& numbers) const;

  /// max |x| over all. REQUIRES: at least one sample.
  float largest_magnitude() const;
  /// |x| of all elements.
  rewrite::MagnitudeHistogram magnitudes() const;

 private:
  torch::Tensor cut(const torch::Tensor& corners) const;
  template <class F>
  void for_each_piece(F&& f) const;

  PatchSource source_;     ///< of patches; else without pixels
  torch::Tensor samples_;  ///< [N, …]; of patches int64 [N], the rows of their first pixels
};

}  // namespace pare::train
