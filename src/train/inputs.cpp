#include "train/inputs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/post_training.h"

namespace pare::train {
namespace {

/// Elements that are cut at once where one pass over all samples is made.
constexpr std::int64_t kPassElements = std::int64_t{1} << 23;

/// Where an axis of `size` places is read, with `border` mirrored places at both ends.
torch::Tensor mirrored_places(std::int64_t size, std::int64_t border, torch::Device device) {
  std::vector<std::int64_t> places;
  for (std::int64_t place = -border; place < size + border; ++place) {
    places.push_back(place < 0 ? -place : place < size ? place : 2 * (size - 1) - place);
  }
  return torch::tensor(places, torch::kInt64).to(device);
}

}  // namespace

PatchSource with_mirrored_border(const torch::Tensor& cube, std::int64_t patch) {
  check(cube.dim() == 3 && patch >= 1 && patch % 2 == 1 &&
            patch <= std::min(cube.size(0), cube.size(1)),
        "with_mirrored_border: a patch that does not fit the cube");
  const std::int64_t border = patch / 2;
  const torch::Tensor wide =
      cube.index_select(0, mirrored_places(cube.size(0), border, cube.device()))
          .index_select(1, mirrored_places(cube.size(1), border, cube.device()));
  return {.pixels = wide.flatten(0, 1), .columns = wide.size(1), .patch = patch};
}

Inputs::Inputs(torch::Tensor samples) : samples_(std::move(samples)) {}

Inputs::Inputs(PatchSource source, const torch::Tensor& pixels) : source_(std::move(source)) {
  // Behind the border a pixel's patch begins at the pixel's own row and column.
  const std::int64_t columns = source_.columns - source_.patch / 2 * 2;
  const torch::Tensor row = pixels.div(columns, "floor");
  samples_ = (row * source_.columns + pixels.remainder(columns)).to(source_.pixels.device());
}

std::int64_t Inputs::size() const { return samples_.defined() ? samples_.size(0) : 0; }

Shape Inputs::sample_shape() const {
  if (source_.pixels.defined()) return {source_.pixels.size(1), source_.patch, source_.patch};
  return {samples_.sizes().begin() + 1, samples_.sizes().end()};
}

torch::Device Inputs::device() const { return samples_.device(); }

torch::Tensor Inputs::cut(const torch::Tensor& corners) const {
  const std::int64_t patch = source_.patch;
  const torch::Tensor along = torch::arange(patch, corners.options());
  const torch::Tensor cells = (along.unsqueeze(1) * source_.columns + along).flatten();
  const torch::Tensor places = (corners.unsqueeze(1) + cells).flatten();
  return source_.pixels.index_select(0, places)
      .view({corners.size(0), patch * patch, -1})
      .transpose(1, 2)
      .contiguous()
      .view({corners.size(0), -1, patch, patch});
}

torch::Tensor Inputs::rows(std::int64_t first, std::int64_t count) const {
  const torch::Tensor some = samples_.narrow(0, first, count);
  return source_.pixels.defined() ? cut(some) : some;
}

torch::Tensor Inputs::at_equal_distances(std::int64_t count) const {
  const torch::Tensor some = compress::calibration_samples(samples_, count);
  return source_.pixels.defined() ? cut(some) : some;
}

Inputs Inputs::picked(const torch::Tensor& numbers) const {
  Inputs result = *this;
  result.samples_ = samples_.index_select(0, numbers);
  return result;
}

/// Calls f(samples) for all of them, so many at once that memory is bounded.
template <class F>
void Inputs::for_each_piece(F&& f) const {
  if (size() == 0) return;
  const std::int64_t some = std::max<std::int64_t>(1, kPassElements / num_elements(sample_shape()));
  for (std::int64_t first = 0; first < size(); first += some) {
    f(rows(first, std::min(some, size() - first)));
  }
}

float Inputs::largest_magnitude() const {
  float largest = 0;
  for_each_piece([&](const torch::Tensor& some) {
    largest = std::max(largest, some.abs().max().item<float>());
  });
  return largest;
}

rewrite::MagnitudeHistogram Inputs::magnitudes() const {
  rewrite::MagnitudeHistogram magnitudes;
  for_each_piece([&](const torch::Tensor& some) { compress::add_magnitudes(some, magnitudes); });
  return magnitudes;
}

}  // namespace pare::train
