#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "base/tensor.h"
#include "graph/graph.h"

namespace pare::graph {

/// How files and messages spell an enumerator: `EnumNames<E>::list`, pairs of value and name.
template <class E>
struct EnumNames;

template <>
struct EnumNames<Role> {
  static constexpr std::array<std::pair<Role, std::string_view>, 15> list = {
      {{Role::kWeight, "weight"},
       {Role::kBias, "bias"},
       {Role::kGain, "gain"},
       {Role::kShift, "shift"},
       {Role::kMean, "mean"},
       {Role::kVariance, "variance"},
       {Role::kRange, "range"},
       {Role::kLogRange, "log_range"},
       {Role::kStep, "step"},
       {Role::kZeroPoint, "zero_point"},
       {Role::kBits, "bits"},
       {Role::kThreshold, "threshold"},
       {Role::kLeak, "leak"},
       {Role::kTable, "table"},
       {Role::kAuxiliary, "auxiliary"}}};
};

template <>
struct EnumNames<Rounding> {
  static constexpr std::array<std::pair<Rounding, std::string_view>, 8> list = {
      {{Rounding::kHalfEven, "half_even"},
       {Rounding::kHalfUp, "half_up"},
       {Rounding::kHalfAway, "half_away"},
       {Rounding::kFloor, "floor"},
       {Rounding::kCeil, "ceil"},
       {Rounding::kTowardZero, "toward_zero"},
       {Rounding::kHalfTowardZero, "half_toward_zero"},
       {Rounding::kAwayFromZero, "away_from_zero"}}};
};

template <>
struct EnumNames<StepRule> {
  static constexpr std::array<std::pair<StepRule, std::string_view>, 2> list = {
      {{StepRule::kFloat, "float"}, {StepRule::kPow2, "pow2"}}};
};

template <>
struct EnumNames<RangeRule> {
  static constexpr std::array<std::pair<RangeRule, std::string_view>, 10> list = {
      {{RangeRule::kMaxAbs, "max_abs"},
       {RangeRule::kLearned, "learned"},
       {RangeRule::kFixed, "fixed"},
       {RangeRule::kStep, "step"},
       {RangeRule::kAccumulator, "accumulator"},
       {RangeRule::kMeanAbs, "mean_abs"},
       {RangeRule::kTwiceMeanAbs, "twice_mean_abs"},
       {RangeRule::kSawb, "sawb"},
       {RangeRule::kThresholdMean, "threshold_mean"},
       {RangeRule::kMinMax, "min_max"}}};
};

template <>
struct EnumNames<TrainingMap> {
  static constexpr std::array<std::pair<TrainingMap, std::string_view>, 1> list = {
      {{TrainingMap::kAffine, "affine"}}};
};

template <>
struct EnumNames<Reset> {
  static constexpr std::array<std::pair<Reset, std::string_view>, 2> list = {
      {{Reset::kSoft, "soft"}, {Reset::kHard, "hard"}}};
};

template <>
struct EnumNames<SurrogateShape> {
  static constexpr std::array<std::pair<SurrogateShape, std::string_view>, 3> list = {
      {{SurrogateShape::kTriangle, "triangle"},
       {SurrogateShape::kSigmoid, "sigmoid"},
       {SurrogateShape::kArctan, "arctan"}}};
};

template <>
struct EnumNames<Time> {
  static constexpr std::array<std::pair<Time, std::string_view>, 2> list = {
      {{Time::kOnce, "once"}, {Time::kEachStep, "each_step"}}};
};

template <>
struct EnumNames<HeadKind> {
  static constexpr std::array<std::pair<HeadKind, std::string_view>, 3> list = {
      {{HeadKind::kArgmax, "argmax"},
       {HeadKind::kProbabilities, "probabilities"},
       {HeadKind::kValues, "values"}}};
};

template <>
struct EnumNames<DType> {
  static constexpr std::array<std::pair<DType, std::string_view>, 11> list = {
      {{DType::kBool, "bool"},
       {DType::kU8, "u8"},
       {DType::kI8, "i8"},
       {DType::kU16, "u16"},
       {DType::kI16, "i16"},
       {DType::kI32, "i32"},
       {DType::kU32, "u32"},
       {DType::kI64, "i64"},
       {DType::kU64, "u64"},
       {DType::kF32, "f32"},
       {DType::kF64, "f64"}}};
};

/// The enumerator's name.
template <class E>
std::string_view name_of(E value) {
  for (const auto& [known, name] : EnumNames<E>::list) {
    if (known == value) return name;
  }
  throw_internal("an enumerator without a name", __FILE__, __LINE__);
}

}  // namespace pare::graph
