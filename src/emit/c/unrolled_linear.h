#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emit/c/statements.h"

namespace pare::emit::c {

/// The sums bias[i] + sum_j weight[i, j] x[j] as straight-line code. Terms of equal magnitude in a
/// sum share one product, w (x1 - x2 + x3); products that several sums need are computed once.
/// `intervals` are those of the sums.
std::vector<Value> unroll_linear(std::span<const Value> x, std::span<const std::int64_t> weight,
                                 std::span<const std::int64_t> bias,
                                 std::span<const Interval> intervals, Statements& statements);

/// bias + sum_j weight[j] x[j].
Interval sum_interval(std::span<const Value> x, std::span<const std::int64_t> weight,
                      std::int64_t bias);

}  // namespace pare::emit::c
