#pragma once

#include <cstdint>
#include <vector>

#include "program/program.h"

namespace pare::cost {

enum class OperationKind { kAdd, kMultiply };

/// Integer operations of one kind and width.
struct Operations {
  OperationKind kind = OperationKind::kAdd;
  /// Of the operands. A product of numbers of a and b bits counts as one of sqrt(a b) bits squared,
  /// which is as many partial products.
  double bits = 0;
  std::int64_t count = 0;  ///< those that cannot be left out: no weight is zero
  std::int64_t dense = 0;  ///< with those of zero weights

  friend bool operator==(const Operations&, const Operations&) = default;
};

/// What an op does once, for one sample at one step.
struct OpWork {
  std::int64_t macs = 0;          ///< linear: rows m n; conv: positions and weights
  std::int64_t nonzero_macs = 0;  ///< of those, the ones whose weight is not zero
  std::vector<Operations> operations = {};
};

/// The arithmetic of one op. A comparison counts as an add of its width, a shift as nothing
/// (wires).
///
/// - linear and conv (at each position), for each weight that is not zero: a multiplication (of the
/// widths of x and of the
///   weight) and an add of the accumulator's width; a `ternary` weight, and an
///   input of one unsigned bit (spikes), need no multiplication, one of `signed_digits` an add a
///   digit instead. Each bias that is not zero: one add more. A
///   predicate saves nothing here.
/// - requantize, each element: a multiplication, unless every multiplier is 0 or a power of two; an
///   add where an addend is not zero and one to round (none for `floor`), both as wide as the
///   product; two comparisons of the output's width.
/// - threshold: comparisons of the input's width, ceil(log2(K + 1)) an element (binary search).
/// - clamp: two comparisons of the input's width. lookup: the same, and an add unless `first` is 0.
/// - max_pool: a comparison of the input's width, sum_pool: an add of the output's width, for each
///   element of a window but one; padding counts as an element.
/// - maximum: a comparison of the input's width. multiply: a multiplication of the inputs' widths.
/// - add: one of the output's width. argmax: n - 1 comparisons a row. concat, copy, transpose:
///   none.
///
/// REQUIRES: the program passes program::check.
OpWork work_of(const program::Program& program, const program::Node& node);

/// Comparisons that find an element's code: ceil(log2(K + 1)) for K thresholds.
std::int64_t num_comparisons(const program::Program& program, const program::Threshold& op);

}  // namespace pare::cost
