#include "recipe/spelling.h"

#include <array>

namespace pare::recipe {

std::span<const std::string> spellings(Split) {
  static const std::array<std::string, 4> names = {"given", "stratified", "k_fold", "spatial"};
  return names;
}

std::span<const std::string> spellings(Standardise) {
  static const std::array<std::string, 3> names = {"none", "train", "each_file"};
  return names;
}

std::span<const std::string> spellings(ModelKind) {
  static const std::array<std::string, 2> names = {"mlp", "cnn"};
  return names;
}

std::span<const std::string> spellings(Activation) {
  static const std::array<std::string, 4> names = {"relu", "leaky_relu", "sigmoid", "tanh"};
  return names;
}

std::span<const std::string> spellings(Padding) {
  static const std::array<std::string, 2> names = {"same", "valid"};
  return names;
}

std::span<const std::string> spellings(Pool) {
  static const std::array<std::string, 3> names = {"none", "max", "average"};
  return names;
}

std::span<const std::string> spellings(BatchNormKind) {
  static const std::array<std::string, 4> names = {"none", "full", "no_affine", "no_statistics"};
  return names;
}

std::span<const std::string> spellings(Step) {
  static const std::array<std::string, 2> names = {"float", "pow2"};
  return names;
}

std::span<const std::string> spellings(Granularity) {
  static const std::array<std::string, 2> names = {"tensor", "channel"};
  return names;
}

std::span<const std::string> spellings(WeightFormat) {
  static const std::array<std::string, 3> names = {"uniform", "ternary", "binary"};
  return names;
}

std::span<const std::string> spellings(WeightRange) {
  static const std::array<std::string, 11> names = {
      "auto",           "max_abs",    "learned", "mean_abs", "twice_mean_abs", "sawb",
      "threshold_mean", "percentile", "mse",     "affine",   "min_max"};
  return names;
}

std::span<const std::string> spellings(Calibration) {
  static const std::array<std::string, 4> names = {"none", "min_max", "percentile", "mse"};
  return names;
}

std::span<const std::string> spellings(PruneStructure) {
  static const std::array<std::string, 2> names = {"weights", "units"};
  return names;
}

std::span<const std::string> spellings(UnitNorm) {
  static const std::array<std::string, 2> names = {"l1", "l2"};
  return names;
}

std::span<const std::string> spellings(Reset) {
  static const std::array<std::string, 2> names = {"soft", "hard"};
  return names;
}

std::span<const std::string> spellings(Surrogate) {
  static const std::array<std::string, 3> names = {"triangle", "sigmoid", "arctan"};
  return names;
}

std::span<const std::string> spellings(PruneScope) {
  static const std::array<std::string, 2> names = {"global", "layer"};
  return names;
}

std::span<const std::string> spellings(Optimizer) {
  static const std::array<std::string, 2> names = {"adam", "sgd"};
  return names;
}

std::span<const std::string> spellings(Schedule) {
  static const std::array<std::string, 3> names = {"constant", "step", "cosine"};
  return names;
}

std::span<const std::string> spellings(Loss) {
  static const std::array<std::string, 2> names = {"cross_entropy", "binary_cross_entropy"};
  return names;
}

}  // namespace pare::recipe
