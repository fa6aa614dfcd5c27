#pragma once

#include <cstdint>

#include "cost/lifetimes.h"
#include "program/program.h"

namespace pare::cost {

/// Bits that are read and written.
struct Traffic {
  std::int64_t constant_bits = 0;          ///< read
  std::int64_t nonzero_constant_bits = 0;  ///< the same without zero weights and biases
  std::int64_t activation_bits = 0;        ///< stored buffers, read and written

  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// What an op reads and writes once, for one sample at one step: its constants and its stored
/// inputs once (what is read is used for everything), and its stored output. A threshold reads what
/// its search compares and one code an element, a lookup one entry an element. REQUIRES: the
/// program passes program::check.
Traffic traffic_of(const program::Program& program, const program::Node& node,
                   const Storage& storage);

/// Bits of the values that a constant stores, each at its width: all, and those that are not zero.
std::int64_t dense_bits(const program::Constant& constant);
std::int64_t nonzero_bits(const program::Constant& constant);

}  // namespace pare::cost
