#pragma once

#include <optional>

namespace pare::bench {

/// The most multiply-accumulates of 8-bit integers that one thread of this machine does in a
/// nanosecond: independent `vpdpbusd` on registers alone. None where the instruction is not there.
std::optional<double> int8_peak_macs_per_ns();

}  // namespace pare::bench
