#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// What an array, or a column of a CSV file, holds.
struct ArraySummary {
  std::string name;  ///< empty for a file of one array
  std::string type;  ///< a dtype's name; else what it is, as "text"
  Shape shape;
  std::optional<double> min;  ///< of the finite values
  std::optional<double> max;
  std::int64_t num_not_finite = 0;
  /// How often each value occurs, in ascending order: of integer vectors and text columns with at
  /// most kMaxCounted different values.
  std::vector<std::pair<std::string, std::int64_t>> counts;
};

inline constexpr std::size_t kMaxCounted = 100;

ArraySummary summarise(std::string name, const Tensor& tensor);

/// Every array of a .npy, .npz, .mat, HDF5, ENVI (.hdr) or IDX file, every column of a .csv file.
/// Throws InputError as their readers do.
std::vector<ArraySummary> summarise_file(const std::string& path);

}  // namespace pare::data
