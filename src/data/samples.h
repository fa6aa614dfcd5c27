#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "data/dataset.h"

namespace pare::data {

/// Arrays as they were read, with what messages call them.
struct RawSamples {
  Tensor inputs;
  Tensor labels;
  std::string inputs_origin;  ///< "jets.npz: array 'X_train'"
  std::string labels_origin;
  std::int64_t first_label = 0;  ///< the number of the first class
};

/// Inputs [N, F, …] of any number type as float32 and labels [N] of any integer type as int64,
/// counted from first_label.
/// Throws InputError naming array, row and feature (`features` may be empty): another rank, numbers
/// of rows that differ, none at all, inputs that are not finite in float32, labels that are no
/// integers or below first_label.
Samples make_samples(const RawSamples& raw, const std::vector<std::string>& features);

/// Throws InputError naming the row of the first label that is not below the number of classes.
void check_labels(const Samples& samples, std::size_t num_classes, const std::string& origin);

/// "0", "1", … up to the largest label. Throws InputError if that is more than 65536 names, or one.
std::vector<std::string> numbered_classes(const Samples& samples, const std::string& origin);

/// The rows of `samples` in the order of `rows`.
Samples select(const Samples& samples, const std::vector<std::int64_t>& rows);

}  // namespace pare::data
