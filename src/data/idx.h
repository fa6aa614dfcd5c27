#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/tensor.h"

namespace pare::data {

/// An array from the bytes of an IDX file: two zero bytes, the element type, the number of axes,
/// the size of each axis (32 bits), the elements; all big-endian. Unsigned and signed bytes, 16 and
/// 32 bit integers, float32 and float64. Throws InputError naming `origin`: another start, fewer or
/// more bytes than the sizes say. Ref: LeCun, Cortes, Burges, "The MNIST database of handwritten
/// digits".
Tensor parse_idx(std::span<const std::byte> bytes, const std::string& origin);

/// The array of an IDX file, gzipped or not. Throws InputError as parse_idx and read_file do, and
/// if the gzip data are damaged. Without PARE_WITH_ZIP, gzipped files are refused.
Tensor read_idx(const std::string& path);

}  // namespace pare::data
