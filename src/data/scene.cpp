#include "data/scene.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::int64_t kLargestLabel = 65535;

void check_cube(const RawScene& raw) {
  const Tensor& cube = raw.cube;
  if (cube.rank() != 3 || cube.size() == 0) {
    throw InputError(
        fmt::format("{}: shape {}, expected [rows, columns, bands]; data.axes says what the axes "
                    "are, if not these",
                    raw.cube_origin, to_string(cube.shape())));
  }
  if (!raw.bands.empty() && static_cast<std::int64_t>(raw.bands.size()) != cube.dim(2)) {
    throw InputError(fmt::format("{}: {} names of bands, but {} bands", raw.cube_origin,
                                 raw.bands.size(), cube.dim(2)));
  }
}

Tensor finite_cube(const RawScene& raw) {
  Tensor cube = raw.cube.to(DType::kF32);
  const auto values = cube.as<float>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
  if (bad == values.end()) return cube;
  const std::int64_t place = bad - values.begin();
  const std::int64_t bands = cube.dim(2);
  const std::int64_t pixel = place / bands;
  const auto band = static_cast<std::size_t>(place % bands);
  throw InputError(fmt::format(
      "{}: row {}, column {}, band {}{}: {}, expected a finite number that float32 can hold; "
      "repair the value or remove the band",
      raw.cube_origin, pixel / cube.dim(1), pixel % cube.dim(1), band,
      raw.bands.empty() ? "" : fmt::format(" ({})", raw.bands[band]), *bad));
}

/// A label map as int64 [r, c]; of ENVI files and images comes [r, c, 1].
Tensor whole_labels(const RawScene& raw) {
  Shape shape = raw.labels.shape();
  if (shape.size() == 3 && shape.back() == 1) shape.pop_back();
  if (shape.size() != 2) {
    throw InputError(
        fmt::format("{}: shape {}, expected [rows, columns]", raw.labels_origin, to_string(shape)));
  }
  const std::vector<double> values = raw.labels.to_doubles();
  const auto bad = std::find_if(values.begin(), values.end(), [](double label) {
    return !(label >= 0 && label <= static_cast<double>(kLargestLabel) &&
             std::trunc(label) == label);
  });
  if (bad != values.end()) {
    const std::int64_t place = bad - values.begin();
    throw InputError(
        fmt::format("{}: row {}, column {}: label {}, expected 0 (unlabelled) or the "
                    "number of a class, up to {}",
                    raw.labels_origin, place / shape[1], place % shape[1], *bad, kLargestLabel));
  }
  return raw.labels.to(DType::kI64).reshaped(shape);
}

/// The classes' numbers: those asked for, else those that occur.
std::vector<std::int64_t> numbers_of_classes(const RawScene& raw, const Tensor& labels) {
  std::vector<std::int64_t> numbers = raw.label_numbers;
  if (numbers.empty()) {
    const auto all = labels.as<std::int64_t>();
    std::set<std::int64_t> found(all.begin(), all.end());
    found.erase(0);
    numbers.assign(found.begin(), found.end());
  }
  if (numbers.size() < 2 || numbers.size() > kMaxSceneClasses) {
    throw InputError(fmt::format("{}: {} class(es) of labelled pixels, expected 2 to {}",
                                 raw.labels_origin, numbers.size(), kMaxSceneClasses));
  }
  if (!raw.classes.empty() && raw.classes.size() != numbers.size()) {
    throw InputError(fmt::format(
        "{}: data.classes has {} names, but the label map has {} classes, numbered {}; "
        "name those that have pixels",
        raw.labels_origin, raw.classes.size(), numbers.size(), fmt::join(numbers, ", ")));
  }
  return numbers;
}

/// Numbers of the file become 0 … classes-1, 0 becomes kUnlabelled.
void renumber(Tensor& labels, const std::vector<std::int64_t>& numbers, const RawScene& raw) {
  const auto values = labels.as<std::int64_t>();
  for (std::size_t pixel = 0; pixel < values.size(); ++pixel) {
    std::int64_t& label = values[pixel];
    const auto found = std::find(numbers.begin(), numbers.end(), label);
    if (label != 0 && found == numbers.end()) {
      const auto columns = static_cast<std::size_t>(labels.dim(1));
      throw InputError(fmt::format(
          "{}: row {}, column {}: label {}, expected 0 (unlabelled) or one of {}",
          raw.labels_origin, pixel / columns, pixel % columns, label, fmt::join(numbers, ", ")));
    }
    label = label == 0 ? kUnlabelled : found - numbers.begin();
  }
}

void check_classes_have_pixels(const Scene& scene, const std::string& origin) {
  const std::vector<std::int64_t> counts = class_counts(scene);
  const auto empty = std::find(counts.begin(), counts.end(), 0);
  if (empty == counts.end()) return;
  throw InputError(fmt::format("{}: class '{}' has no labelled pixels; is it the right label map?",
                               origin,
                               scene.classes[static_cast<std::size_t>(empty - counts.begin())]));
}

std::int64_t cells_of(const Shape& map, std::int64_t rows, std::int64_t columns,
                      const std::string& origin) {
  const std::int64_t cells = map[0] / rows;
  if (cells >= 1 && map[0] == cells * rows && map[1] == cells * columns) return cells;
  throw InputError(
      fmt::format("{}: labels are {}, but the cube has {} rows and {} columns; expected as many, "
                  "or the same whole multiple of both",
                  origin, to_string(map), rows, columns));
}

}  // namespace

CoarseLabels coarse_labels(const Tensor& labels, std::int64_t rows, std::int64_t columns,
                           const std::string& origin) {
  CoarseLabels result{.labels = labels};
  result.cells = cells_of(labels.shape(), rows, columns, origin);
  if (result.cells == 1) return result;
  result.labels = Tensor(DType::kI64, {rows, columns});
  const auto from = labels.as<std::int64_t>();
  const auto to = result.labels.as<std::int64_t>();
  const auto most_frequent = [](const auto& a, const auto& b) { return a.second < b.second; };
  for (std::int64_t pixel = 0; pixel < rows * columns; ++pixel) {
    std::map<std::int64_t, std::int64_t> counts;
    const std::int64_t top = pixel / columns * result.cells;
    const std::int64_t left = pixel % columns * result.cells;
    for (std::int64_t cell = 0; cell < result.cells * result.cells; ++cell) {
      const std::int64_t place = (top + cell / result.cells) * labels.dim(1) + left;
      ++counts[from[static_cast<std::size_t>(place + cell % result.cells)]];
    }
    const auto best = *std::max_element(counts.begin(), counts.end(), most_frequent);
    const bool is_tie = std::count_if(counts.begin(), counts.end(), [&](const auto& count) {
                          return count.second == best.second;
                        }) > 1;
    if (is_tie) {
      ++result.ties;
    } else if (best.first == 0) {
      result.unlabelled += counts.size() > 1 ? 1 : 0;
    } else {
      to[static_cast<std::size_t>(pixel)] = best.first;
    }
  }
  return result;
}

std::vector<std::int64_t> labels_at(const Scene& scene, std::span<const std::int64_t> pixels) {
  const auto all = scene.labels.as<std::int64_t>();
  std::vector<std::int64_t> labels;
  labels.reserve(pixels.size());
  for (const std::int64_t pixel : pixels) labels.push_back(all[static_cast<std::size_t>(pixel)]);
  return labels;
}

std::vector<std::int64_t> class_counts(const Scene& scene) {
  std::vector<std::int64_t> counts(scene.classes.size());
  for (const std::int64_t label : scene.labels.as<std::int64_t>()) {
    if (label != kUnlabelled) ++counts.at(static_cast<std::size_t>(label));
  }
  return counts;
}

Scene make_scene(RawScene raw, std::string name, std::string description) {
  check_cube(raw);
  Scene scene{.name = std::move(name),
              .description = std::move(description),
              .cube = finite_cube(raw),
              .labels = {},
              .bands = raw.bands,
              .classes = raw.classes};
  CoarseLabels coarse =
      coarse_labels(whole_labels(raw), scene.rows(), scene.columns(), raw.labels_origin);
  if (coarse.cells > 1) {
    scene.description += fmt::format(
        "; labels by majority of {} x {} cells, {} ties and {} pixels that are mostly "
        "unlabelled left out",
        coarse.cells, coarse.cells, coarse.ties, coarse.unlabelled);
  }
  const std::vector<std::int64_t> numbers = numbers_of_classes(raw, coarse.labels);
  renumber(coarse.labels, numbers, raw);
  scene.labels = std::move(coarse.labels);
  if (scene.classes.empty()) {
    for (const std::int64_t number : numbers) scene.classes.push_back(fmt::format("{}", number));
  }
  check_classes_have_pixels(scene, raw.labels_origin);
  return scene;
}

}  // namespace pare::data
