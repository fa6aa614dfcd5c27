#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pare::bench {

/// What a runtime computes in between quantizers.
enum class Precision { kFloat, kDouble };

/// An ONNX file with the quantizers of QONNX written out in standard operators, which runtimes
/// have: Quant as Div, Add, Round, Clip, Sub, Mul, and BipolarQuant as Less and Where. Independent
/// of pare's importer, which it is held against. The batch is left open. `outputs` are values
/// inside that become outputs of the graph too, as [batch, elements] under the name flat(value).
/// Throws InputError for rounding modes other than ROUND, and what in_double (double_onnx.h)
/// throws.
std::vector<std::byte> standard_onnx(std::span<const std::byte> model,
                                     std::span<const std::string> outputs = {},
                                     Precision precision = Precision::kFloat);
std::string flat(const std::string& value);

}  // namespace pare::bench
