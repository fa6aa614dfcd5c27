#pragma once

#include <string>

namespace pare::e2e {

/// Writes `count` (below 256) images as MNIST's files have them, PART-images-idx3-ubyte and
/// PART-labels-idx1-ubyte: noise, and a bright bar in the rows that the class says.
void write_digits(const std::string& folder, const std::string& part, unsigned char count);

}  // namespace pare::e2e
