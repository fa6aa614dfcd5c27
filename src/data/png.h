#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// The image of a PNG file as [C, H, W]: C = 1 for grey, 3 for colour; u8, or u16 for samples of 16
/// bits. Grey of 1, 2 or 4 bits is stretched to 0 … 255, palettes are looked up; values are
/// otherwise as stored, without gamma or colour correction.
/// Throws InputError naming `origin`: not a PNG file, damaged, cut, transparency, more pixels than
/// the file can hold; and without PARE_WITH_PNG, with the package to install.
Tensor parse_png(std::span<const std::byte> bytes, const std::string& origin);

/// The bytes of a PNG file that parse_png reads back as `image`: u8 [C, H, W], C = 1 for grey, 3
/// for colour. Equal images give equal bytes.
/// Throws InputError for more than 65536 rows or columns; and without PARE_WITH_PNG, with the
/// package to install. REQUIRES: at least one row and column.
std::vector<std::byte> format_png(const Tensor& image);

}  // namespace pare::data
