#include "engine/elementwise.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "engine/linear.h"
#include "program/broadcast.h"

namespace pare::engine {
namespace {

using program::Interval;
using program::Node;
using program::Program;

/// More elements than that are left to the kernel that runs everything.
constexpr std::size_t kMostElements = std::size_t{1} << 14;
/// More thresholds of an element than that are faster searched.
constexpr std::size_t kMostThresholds = 64;

constexpr Interval kInts{std::numeric_limits<std::int32_t>::min(),
                         std::numeric_limits<std::int32_t>::max()};

class Maker {
 public:
  Maker(const Program& program, const program::ProgramIntervals& intervals, const Node& node,
        bool has_fma)
      : program_(program), intervals_(intervals), node_(node), has_fma_(has_fma) {}

  std::optional<ElementwiseOp> make() const {
    const bool fits = std::all_of(node_.inputs.begin(), node_.inputs.end(), [&](auto id) {
      return kInts.contains(program_.buffer(id).width.range());
    });
    const Interval y = program_.buffer(node_.outputs[0]).width.range();
    if (!fits || !kInts.contains(y) || size() > kMostElements) return std::nullopt;
    return std::visit([&](const auto& op) { return made(op); }, node_.op);
  }

 private:
  std::size_t size() const {
    return static_cast<std::size_t>(num_elements(program_.buffer(node_.outputs[0]).shape));
  }
  const Shape& shape() const { return program_.buffer(node_.inputs[0]).shape; }

  /// What element i of x can be.
  Interval of_x(std::size_t i) const {
    return program::interval_of(intervals_.buffers[node_.inputs[0].value], i);
  }

  std::optional<ElementwiseOp> made(const program::Requantize&) const {
    std::vector<Interval> sums;
    for (std::size_t i = 0; i < size(); ++i) sums.push_back(of_x(i));
    auto epilogue = make_epilogue({.program = program_,
                                   .node = node_,
                                   .sums = sums,
                                   .padded_size = round_up(size(), kBlock) + kBlock,
                                   .elements = shape(),
                                   .has_fma = has_fma_});
    if (!epilogue) return std::nullopt;
    return ElementwiseOp{
        .kind = ElementwiseKind::kRequantize, .size = size(), .epilogue = std::move(*epilogue)};
  }

  std::optional<ElementwiseOp> made(const program::Threshold& op) const {
    const program::Constant& thresholds = program_.constant(op.thresholds);
    const program::Constant& codes = program_.constant(op.codes);
    ElementwiseOp made{.kind = ElementwiseKind::kThreshold, .size = size()};
    made.num_thresholds = static_cast<std::size_t>(thresholds.shape.back());
    if (made.num_thresholds > kMostThresholds) return std::nullopt;
    const std::size_t padded = padded_size(made);
    made.first.resize(padded);
    made.thresholds.resize(padded * made.num_thresholds);
    made.steps.resize(padded * made.num_thresholds);
    const program::Broadcast tables(program::leading_axes(thresholds.shape), shape());
    const program::Broadcast ranges(program::leading_axes(codes.shape), shape());
    const std::vector<std::int64_t> all_thresholds = program::expand(thresholds);
    const std::vector<std::int64_t> all_codes = program::expand(codes);
    if (!std::all_of(all_codes.begin(), all_codes.end(), [](std::int64_t code) {
          return kInts.contains({code, code});
        })) {
      return std::nullopt;
    }
    const std::size_t num = made.num_thresholds;
    for (std::size_t i = 0; i < size(); ++i) {
      const std::int64_t* table = all_thresholds.data() + tables.group_of(i) * num;
      const std::int64_t* code = all_codes.data() + ranges.group_of(i) * (num + 1);
      std::int64_t first = code[0];
      for (std::size_t k = 0; k < num; ++k) {
        const std::int64_t step = code[k + 1] - code[k];
        // What every x reaches, and what none does, would not fit the lists.
        if (table[k] <= kInts.lowest) {
          first += step;
        } else if (table[k] <= kInts.highest) {
          made.thresholds[k * padded + i] = static_cast<std::int32_t>(table[k]);
          made.steps[k * padded + i] = wrapped(step);
        }
      }
      made.first[i] = wrapped(first);
    }
    return made;
  }

  /// Modulo 2^32: sums of such steps are codes again.
  static std::int32_t wrapped(std::int64_t x) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(x));
  }

  std::optional<ElementwiseOp> made(const program::Clamp& op) const {
    const Interval held = program_.buffer(node_.outputs[0]).width.range();
    return ElementwiseOp{
        .kind = ElementwiseKind::kClamp,
        .size = size(),
        .lowest = static_cast<std::int32_t>(std::clamp(op.lowest, held.lowest, held.highest)),
        .highest = static_cast<std::int32_t>(std::clamp(op.highest, held.lowest, held.highest))};
  }

  /// Clamped to what it is within anyway.
  std::optional<ElementwiseOp> made(const program::Copy&) const {
    const Interval held = program_.buffer(node_.outputs[0]).width.range();
    return ElementwiseOp{.kind = ElementwiseKind::kClamp,
                         .size = size(),
                         .lowest = static_cast<std::int32_t>(held.lowest),
                         .highest = static_cast<std::int32_t>(held.highest)};
  }

  std::optional<ElementwiseOp> made(const program::Add&) const {
    return ElementwiseOp{.kind = ElementwiseKind::kAdd, .size = size()};
  }

  template <class Other>
  std::optional<ElementwiseOp> made(const Other&) const {
    return std::nullopt;
  }

  const Program& program_;
  const program::ProgramIntervals& intervals_;
  const Node& node_;
  bool has_fma_;
};

}  // namespace

std::size_t padded_size(const ElementwiseOp& op) { return round_up(op.size, kBlock) + kBlock; }

bool can_load(Element element, std::size_t interleave) {
  if (interleave == 1) return element != Element::kI64;
  return interleave * size_of(element) == sizeof(std::int32_t);
}

std::optional<ElementwiseOp> make_elementwise(const Program& program,
                                              const program::ProgramIntervals& intervals,
                                              const Node& node, bool has_fma) {
  return Maker(program, intervals, node, has_fma).make();
}

std::size_t bytes_of(const ElementwiseOp& op) {
  const auto bytes = [](const auto& list) { return list.size() * sizeof(list[0]); };
  const Epilogue& epilogue = op.epilogue;
  return bytes(op.first) + bytes(op.thresholds) + bytes(op.steps) + bytes(epilogue.multiply_f) +
         bytes(epilogue.add_f) + bytes(epilogue.is_float) + bytes(epilogue.multiply_d) +
         bytes(epilogue.add_d);
}

}  // namespace pare::engine
