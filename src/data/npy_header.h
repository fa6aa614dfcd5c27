#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/tensor.h"

namespace pare::data {

/// What the header of a .npy file says about the elements behind it.
struct NpyHeader {
  DType dtype = DType::kF32;
  bool is_big_endian = false;
  bool is_column_major = false;
  Shape shape;
  std::size_t num_bytes = 0;  ///< of magic, version, length and dictionary
};

/// The header at the start of `bytes`. Throws InputError naming `origin`.
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& origin);

/// The header of a native row-major array as version 1 has it, padded to a multiple of 64 bytes.
std::string format_npy_header(DType dtype, const Shape& shape);

}  // namespace pare::data
