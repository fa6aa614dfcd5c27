#pragma once

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/ids.h"

namespace pare::graph {

/// Equidistant codes. Unsigned: 0 … 2^b - 1. Signed: -2^(b-1) … 2^(b-1) - 1; narrow leaves out the
/// lowest code, which makes the range symmetric.
struct Uniform {
  ParameterId bits;  ///< role kBits: width b, 1 … 32
  bool is_signed = true;
  bool is_narrow = true;

  static constexpr std::string_view kind = "uniform";
  static void fields(auto& self, auto&& f) {
    f("bits", self.bits);
    f("signed", self.is_signed);
    f("narrow", self.is_narrow);
  }
  friend bool operator==(const Uniform&, const Uniform&) = default;
};

/// A value of a `bits`-wide signed grid that is a sum of at most `terms` signed powers of two.
struct SignedDigits {
  ParameterId bits;
  int terms = 1;

  static constexpr std::string_view kind = "signed_digits";
  static void fields(auto& self, auto&& f) {
    f("bits", self.bits);
    f("terms", self.terms);
  }
  friend bool operator==(const SignedDigits&, const SignedDigits&) = default;
};

/// Codes -1, 0, 1: the nearest, or with RangeRule::kThresholdMean by a threshold of its own.
struct Ternary {
  static constexpr std::string_view kind = "ternary";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Ternary&, const Ternary&) = default;
};

/// Codes -1, 1: the sign. 0 and -0 become 1.
struct Binary {
  static constexpr std::string_view kind = "binary";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Binary&, const Binary&) = default;
};

/// An explicit ascending list of levels, in units of the step; the nearest is chosen, the lower one
/// on a tie.
struct Levels {
  std::vector<double> levels;

  static constexpr std::string_view kind = "levels";
  static void fields(auto& self, auto&& f) { f("levels", self.levels); }
  friend bool operator==(const Levels&, const Levels&) = default;
};

using Format = std::variant<Uniform, SignedDigits, Ternary, Binary, Levels>;

/// How a real number becomes an integer.
enum class Rounding {
  kHalfEven,
  kHalfUp,
  kHalfAway,
  kFloor,
  kCeil,
  kTowardZero,
  kHalfTowardZero,
  kAwayFromZero
};

/// Which steps are allowed: any positive real, or powers of two (a shift in hardware).
enum class StepRule { kFloat, kPow2 };

/// Where a quantizer's range s comes from. Live ones are statistics of the masked tensor itself, as
/// it is (graph/live_range.h).
enum class RangeRule {
  kMaxAbs,         ///< max |value| of the masked tensor itself, live: it has a gradient
  kLearned,        ///< the range parameter holds log2 s, which training moves
  kFixed,          ///< the range parameter holds s: calibrated or given, training leaves it alone
  kStep,           ///< the range parameter holds the step itself, as QONNX and ONNX scales do;
                   ///< training leaves it alone
  kAccumulator,    ///< a bias: the step is (input step) x (weight step), there is no range
  kMeanAbs,        ///< live: mean |value|
  kTwiceMeanAbs,   ///< live: 2 mean |value|
  kSawb,           ///< live: from mean |value| and standard deviation; 4 and 8 bits
  kThresholdMean,  ///< live, of ternary codes: mean of the |value| that are above a threshold,
                   ///< which also decides the code: 1 if value >= t, -1 if value < -t, else 0
  kMinMax,  ///< live, of signed uniform codes that are not narrow: the affine map between the
            ///< least and the largest value, with a zero point of its own
            ///< (graph/affine_map.h)
};

/// What training computes with where that is another map than the quantizer's own, which everything
/// else takes: what is evaluated, frozen and exported.
enum class TrainingMap {
  kAffine,  ///< of a weight, between its least and its largest element (graph/affine_map.h)
};

/// From reals to codes and back (Ps and Qs, section 4 of docs/methods/ps_and_qs.md; QONNX Quant).
/// See graph/quantize.h for the arithmetic. Range, zero point and bits broadcast: one element for a
/// whole tensor, one per channel (axis 0 of a parameter, the channel axis of a wire), or one per
/// element.
struct Quantizer {
  Format format;
  RangeRule range_rule = RangeRule::kFixed;
  /// Role kRange (s), kLogRange (log2 s), or kStep for rule kStep. For live rules it caches the
  /// last s, and its shape says how many ranges there are; for kAccumulator it is absent.
  std::optional<ParameterId> range = std::nullopt;
  /// Role kZeroPoint: the code of 0. Absent: 0.
  std::optional<ParameterId> zero_point = std::nullopt;
  StepRule step = StepRule::kFloat;
  Rounding rounding = Rounding::kHalfEven;
  /// Absent: training takes this map too.
  std::optional<TrainingMap> training_map = std::nullopt;

  static void fields(auto& self, auto&& f) {
    f("format", self.format);
    f("range_rule", self.range_rule);
    f("range", self.range);
    f("zero_point", self.zero_point);
    f("step", self.step);
    f("rounding", self.rounding);
    f("training_map", self.training_map);
  }
  friend bool operator==(const Quantizer&, const Quantizer&) = default;
};

}  // namespace pare::graph
