#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pare::bench {

/// An ONNX file with the quantizers of QONNX written out in standard operators, which runtimes
/// have: Quant as Div, Add, Round, Clip, Sub, Mul, and BipolarQuant as Less and Where. Independent
/// of pare's importer, which it is held against. The batch is left open. Throws InputError for
/// rounding modes other than ROUND.
std::vector<std::byte> standard_onnx(std::span<const std::byte> model);

}  // namespace pare::bench
