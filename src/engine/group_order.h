#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pare::engine {

/// An order of a matrix's columns that brings weights which are not zero together: element i is the
/// column that goes to place i. Kernels for pruned matrices skip each group of `size` neighbours of
/// a row that are all zero; so ordered, fewer groups are left, and never more. First each group is
/// filled with columns that have most in common, then two columns change places as long as that
/// leaves fewer. `weight` is row-major, with num_outputs rows.
std::vector<std::uint32_t> group_order(std::span<const std::int64_t> weight,
                                       std::size_t num_outputs, std::size_t size);

}  // namespace pare::engine
