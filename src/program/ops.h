#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/tensor.h"
#include "graph/format.h"
#include "graph/ops.h"
#include "program/ids.h"
#include "program/width.h"

namespace pare::program {

using graph::Rounding;

// Every op is a plain struct. It lists its fields once in `fields`: equality, text form and hash
// derive from that list. Adding an op to the variant makes every place that must know it fail to
// compile. The formulas stand in docs/formats/program.md; x is the input, y the output.

/// y[.., i] = bias[i] + sum_j weight[i, j] x[.., j]. x [.., n], weight [m, n], bias [m], y [.., m].
/// With predicate blocks of b channels there is a second input p of m / b elements: y[.., i] = 0
/// where p[i / b] is 0.
struct Linear {
  ConstantId weight;
  std::optional<ConstantId> bias = std::nullopt;
  Width accumulator = {};  ///< holds every partial sum in any order of summation
  std::optional<std::int64_t> predicate_block = std::nullopt;

  static constexpr std::string_view kind = "linear";
  static void fields(auto& self, auto&& f) {
    f("weight", self.weight);
    f("bias", self.bias);
    f("accumulator", self.accumulator);
    f("predicate_block", self.predicate_block);
  }
  friend bool operator==(const Linear&, const Linear&) = default;
};

/// Convolution over one to three spatial axes, as graph::Conv has it; outside of x lies the code of
/// 0. x [C, spatial …], weight [M, C / groups, kernel …], bias [M], y [M, spatial …].
struct Conv {
  ConstantId weight;
  std::optional<ConstantId> bias = std::nullopt;
  Shape stride;
  Shape padding;
  Shape dilation;
  std::int64_t groups = 1;
  Width accumulator = {};  ///< holds every partial sum in any order of summation

  static constexpr std::string_view kind = "conv";
  static void fields(auto& self, auto&& f) {
    f("weight", self.weight);
    f("bias", self.bias);
    f("stride", self.stride);
    f("padding", self.padding);
    f("dilation", self.dilation);
    f("groups", self.groups);
    f("accumulator", self.accumulator);
  }
  friend bool operator==(const Conv&, const Conv&) = default;
};

/// The largest element of each window of a channel; padding is never the largest.
struct MaxPool {
  graph::PoolWindow window;  ///< with a size

  static constexpr std::string_view kind = "max_pool";
  static void fields(auto& self, auto&& f) { graph::PoolWindow::fields(self.window, f); }
  friend bool operator==(const MaxPool&, const MaxPool&) = default;
};

/// The sum of each window of a channel; outside of x lies the code of 0.
struct SumPool {
  graph::PoolWindow window;  ///< with a size

  static constexpr std::string_view kind = "sum_pool";
  static void fields(auto& self, auto&& f) { graph::PoolWindow::fields(self.window, f); }
  friend bool operator==(const SumPool&, const SumPool&) = default;
};

/// y = clamp(round((multiplier x + addend) / 2^shift), lowest, highest); the constants broadcast to
/// x. |multiplier| < 2^24, x of at most 40 bits.
struct Requantize {
  ConstantId multiplier;
  ConstantId addend;
  ConstantId shift;
  Rounding rounding = Rounding::kHalfEven;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  static constexpr std::string_view kind = "requantize";
  static void fields(auto& self, auto&& f) {
    f("multiplier", self.multiplier);
    f("addend", self.addend);
    f("shift", self.shift);
    f("rounding", self.rounding);
    f("lowest", self.lowest);
    f("highest", self.highest);
  }
  friend bool operator==(const Requantize&, const Requantize&) = default;
};

/// y = codes[.., number of k with x >= thresholds[.., k]]. thresholds [.., K] ascending, codes
/// [.., K + 1]; without their last axis they broadcast to x.
struct Threshold {
  ConstantId thresholds;
  ConstantId codes;

  static constexpr std::string_view kind = "threshold";
  static void fields(auto& self, auto&& f) {
    f("thresholds", self.thresholds);
    f("codes", self.codes);
  }
  friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// y = min(max(x, lowest), highest). ReLU: lowest is the code of 0.
struct Clamp {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  static constexpr std::string_view kind = "clamp";
  static void fields(auto& self, auto&& f) {
    f("lowest", self.lowest);
    f("highest", self.highest);
  }
  friend bool operator==(const Clamp&, const Clamp&) = default;
};

/// y = a + b, two inputs of one shape.
struct Add {
  static constexpr std::string_view kind = "add";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Add&, const Add&) = default;
};

/// y = the larger of a and b, two inputs of one shape.
struct Maximum {
  static constexpr std::string_view kind = "maximum";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Maximum&, const Maximum&) = default;
};

/// y = a b, two inputs of one shape.
struct Multiply {
  static constexpr std::string_view kind = "multiply";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Multiply&, const Multiply&) = default;
};

/// Inputs joined along axis 0; the other axes are equal.
struct Concat {
  static constexpr std::string_view kind = "concat";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Concat&, const Concat&) = default;
};

/// The same elements in row-major order, under another shape or width.
struct Copy {
  static constexpr std::string_view kind = "copy";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Copy&, const Copy&) = default;
};

/// The axes in another order: y's axis i is x's axis order[i], which has each axis once.
struct Transpose {
  Shape order;

  static constexpr std::string_view kind = "transpose";
  static void fields(auto& self, auto&& f) { f("order", self.order); }
  friend bool operator==(const Transpose&, const Transpose&) = default;
};

/// y = table[.., min(max(x - first, 0), N - 1)]. table [.., N]; without its last axis it broadcasts
/// to x.
struct Lookup {
  ConstantId table;
  std::int64_t first = 0;  ///< the x of the table's first entry

  static constexpr std::string_view kind = "lookup";
  static void fields(auto& self, auto&& f) {
    f("table", self.table);
    f("first", self.first);
  }
  friend bool operator==(const Lookup&, const Lookup&) = default;
};

/// The index of the largest element along the last axis, the first on ties. x [.., n], y [.., 1].
struct ArgMax {
  static constexpr std::string_view kind = "argmax";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const ArgMax&, const ArgMax&) = default;
};

using Op = std::variant<Linear, Conv, MaxPool, SumPool, Requantize, Threshold, Clamp, Add, Maximum,
                        Multiply, Concat, Copy, Transpose, Lookup, ArgMax>;

}  // namespace pare::program
