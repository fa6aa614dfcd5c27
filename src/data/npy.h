#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// An array from the bytes of a .npy file, versions 1 to 3. Big-endian elements are swapped and
/// column-major arrays transposed, so that the result is native and row-major. `origin` names the
/// file in messages. Throws InputError: a header that is not what the format says, an element type
/// that no DType is, fewer or more bytes of elements than the shape needs (found before anything is
/// allocated), booleans other than 0 and 1.
/// Ref: numpy.lib.format, "NPY format".
Tensor parse_npy(std::span<const std::byte> bytes, const std::string& origin);

/// The array of a .npy file. Throws InputError as parse_npy and read_file do.
Tensor read_npy(const std::string& path);

/// The array as the bytes of a .npy file, version 1, little-endian, row-major.
std::vector<std::byte> format_npy(const Tensor& tensor);

/// Writes a .npy file. Throws InputError as write_file_atomic does.
void write_npy(const std::string& path, const Tensor& tensor);

}  // namespace pare::data
