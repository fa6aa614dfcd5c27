#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// In a scene's labels: a pixel of no class.
inline constexpr std::int64_t kUnlabelled = -1;

/// A scene cannot have more.
inline constexpr std::size_t kMaxSceneClasses = 1024;

/// A hyperspectral image with the classes of some of its pixels. A pixel goes by its number,
/// row * columns + column.
struct Scene {
  std::string name;
  std::string description;
  Tensor cube;                     ///< float32 [rows, columns, bands], finite
  Tensor labels;                   ///< int64 [rows, columns]: 0 … classes-1, or kUnlabelled
  std::vector<std::string> bands;  ///< names; may be empty
  std::vector<std::string> classes;

  std::int64_t rows() const { return cube.dim(0); }
  std::int64_t columns() const { return cube.dim(1); }
};

/// The parts of a scene as they were read, with what messages call them.
struct RawScene {
  Tensor cube;              ///< numbers of any type, [rows, columns, bands]
  Tensor labels;            ///< whole numbers, 0 for unlabelled pixels; see coarse_labels()
  std::string cube_origin;  ///< "scene.mat: array 'X'"
  std::string labels_origin;
  /// The number of each class in `labels`, ascending; empty: all that occur but 0.
  std::vector<std::int64_t> label_numbers = {};
  std::vector<std::string> classes = {};  ///< names in that order; empty: the numbers
  std::vector<std::string> bands = {};
};

/// Puts a scene together; says in its description what coarse_labels() dropped.
/// Throws InputError naming the origin, and pixel, band or class: a cube of another number of axes
/// or without elements, an element that is not finite in float32, labels of another size than the
/// cube or that are no whole numbers from 0 to 65535, a label that is of no class, a class without
/// pixels, less than two classes or more than kMaxSceneClasses, another number of names than of
/// classes.
Scene make_scene(RawScene raw, std::string name, std::string description);

/// The labels of some pixels, in their order.
std::vector<std::int64_t> labels_at(const Scene& scene, std::span<const std::int64_t> pixels);

/// The labelled pixels of each class: [classes].
std::vector<std::int64_t> class_counts(const Scene& scene);

/// What coarse_labels() made of a finer label map.
struct CoarseLabels {
  Tensor labels;                ///< int64 [rows, columns], 0 for unlabelled
  std::int64_t cells = 1;       ///< of the finer map, along each side of a pixel
  std::int64_t ties = 0;        ///< pixels without a label because two were equally frequent
  std::int64_t unlabelled = 0;  ///< … because most of their cells, but not all, had none
};

/// A label map of a cube's size, from one that is as large or a whole number of times finer (the
/// same along both sides): the most frequent value of a pixel's cells. Pixels whose most frequent
/// value is not the only such, or is 0, are unlabelled.
/// Throws InputError naming `origin` for a map of another size. `labels`: int64 [r, c].
CoarseLabels coarse_labels(const Tensor& labels, std::int64_t rows, std::int64_t columns,
                           const std::string& origin);

}  // namespace pare::data
