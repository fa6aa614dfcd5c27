#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pare::search {

/// Which of these are not dominated: nothing else is at least as small in all numbers and smaller
/// in one. In rising order of the first number, then the next. All have as many numbers, none NaN.
/// Equal ones are in the front together or not at all.
std::vector<std::size_t> pareto_front(std::span<const std::vector<double>> costs);

}  // namespace pare::search
