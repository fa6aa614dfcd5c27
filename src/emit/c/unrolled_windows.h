#pragma once

#include <span>
#include <vector>

#include "emit/c/statements.h"
#include "graph/window.h"
#include "program/program.h"

namespace pare::emit::c {

/// What window `i` of all channels, one channel after the other, holds of x; padding left out.
std::vector<Value> window_values(std::span<const Value> x, const graph::Window& window,
                                 std::size_t i);

/// A convolution as straight-line code: y [M, positions]. `bias` may be empty.
std::vector<Value> unroll_conv(std::span<const Value> x, const program::Constant& weight,
                               std::span<const std::int64_t> bias, std::int64_t groups,
                               const graph::Window& window, Statements& statements);

}  // namespace pare::emit::c
