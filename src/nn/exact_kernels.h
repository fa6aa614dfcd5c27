#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/fixed_point.h"
#include "program/program.h"

namespace pare::nn {

/// A requantize with its constants written out for each element of a sample, to be run on many.
/// The arithmetic is base/fixed_point.h's.
class RequantizeRows {
 public:
  RequantizeRows(const program::Program& program, const program::Node& node);

  /// x and y: rows of one sample each. REQUIRES: equal sizes, whole rows.
  void operator()(std::span<const std::int64_t> x, std::span<std::int64_t> y) const;

 private:
  template <pare_rounding kRounding>
  void run(std::span<const std::int64_t> x, std::span<std::int64_t> y) const;

  std::vector<std::int64_t> multipliers_;
  std::vector<std::int64_t> addends_;
  std::vector<int> shifts_;
  graph::Rounding rounding_;
  std::int64_t lowest_;
  std::int64_t highest_;
};

}  // namespace pare::nn
