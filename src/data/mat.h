#pragma once

#include <string>

#include "base/tensor.h"
#include "data/found_array.h"

namespace pare::data {

/// Every array of a MATLAB file of version 4, 5 to 7.2, or 7.3, in the order of the file; those in
/// structures and cells too, under names such as "s/field", "s/3/field" (structure arrays) and
/// "cells/0" (elements count from 0 in MATLAB's order). Numbers and logical values come with their
/// values if `with_values`; text, complex, sparse and other variables with their type alone.
///
/// An array keeps MATLAB's indices: A(i, j, k), which a file stores column-major, is element
/// [i-1, j-1, k-1] of a row-major tensor of shape size(A).
///
/// Throws InputError naming the file: not a MATLAB file, damaged, cut, or an array that claims more
/// than the file can hold; and without PARE_WITH_MATIO, with the package to install.
void find_mat_arrays(const std::string& path, Values values, const TakeArray& take);

/// The array of this name. Throws InputError as find_mat_arrays does, and if there is no such array
/// (names those there are), or it holds no numbers.
Tensor read_mat(const std::string& path, const std::string& name);

}  // namespace pare::data
