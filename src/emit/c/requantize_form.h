#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "emit/c/c_type.h"
#include "graph/format.h"

namespace pare::emit::c {

/// One element's requantize: clamp(round((multiplier x + addend) / 2^shift), lowest, highest) for
/// every x of an interval.
struct Requantizing {
  Interval x;
  std::int64_t multiplier = 1;
  std::int64_t addend = 0;
  int shift = 0;
  graph::Rounding rounding = graph::Rounding::kHalfEven;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  std::int64_t operator()(std::int64_t of) const;
  /// Without the clamp.
  std::int64_t round(std::int64_t of) const;
};

/// The same function as (multiplier min(max(x, from), to) + addend) >> shift in 32 bits: x is
/// clamped instead of y, where y would be, and rounding is an addend.
struct ShortForm {
  std::int64_t multiplier = 1;
  std::int64_t addend = 0;
  int shift = 0;
  Interval clamp;  ///< of x; an end of x's own interval where there is no need

  friend bool operator==(const ShortForm&, const ShortForm&) = default;
};

/// Looks for short forms. An integer function that steps up (or down) is the same for every
/// multiplier and addend that cut x between the same integers, and shorter ones than those given
/// mostly do: they are found by looking at both ends of every step.
class ShortFormSearch {
 public:
  explicit ShortFormSearch(const Requantizing& function);

  /// A form with that shift that equals the function for every x, or none.
  std::optional<ShortForm> find(int shift) const;

  static constexpr int kMaxShift = 24;

 private:
  /// The x of one y, from first to last.
  struct Run {
    std::int64_t first;
    std::int64_t last;
    std::int64_t y;
  };

  std::optional<ShortForm> with_multiplier(std::int64_t multiplier, int shift) const;

  Requantizing function_;
  Interval clamp_;
  std::vector<Run> runs_;  ///< empty: too many
};

/// The form with the smallest shift that has one.
std::optional<ShortForm> find_short_form(const Requantizing& function);

/// Whether (multiplier x + addend) / 2^shift is halfway between two integers for any x.
bool has_tie(const Requantizing& function);

}  // namespace pare::emit::c
