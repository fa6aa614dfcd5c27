#include "emit/c/requantize_form.h"

#include <algorithm>

#include "base/fixed_point.h"
#include "program/rounding.h"

namespace pare::emit::c {
namespace {

constexpr std::size_t kMaxRuns = 5000;

/// a * b + c for numbers that may leave 64 bits.
__extension__ using Wide = __int128;

bool is_short(Wide number) { return number >= INT32_MIN && number <= INT32_MAX; }

/// The inverse of an odd number modulo 2^64. Newton's iteration doubles the bits that are right.
std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x;
}

}  // namespace

std::int64_t Requantizing::operator()(std::int64_t of) const {
  return pare_saturate(round(of), lowest, highest);
}

std::int64_t Requantizing::round(std::int64_t of) const {
  return pare_round_shift(multiplier * of + addend, shift, program::to_fixed_point(rounding));
}

ShortFormSearch::ShortFormSearch(const Requantizing& function)
    : function_(function), clamp_(function.x) {
  const Interval x = function.x;
  for (std::int64_t first = x.lowest; first <= x.highest;) {
    if (runs_.size() == kMaxRuns) {
      runs_.clear();
      return;
    }
    const std::int64_t y = function(first);
    std::int64_t last = first;
    std::int64_t end = x.highest;
    while (last < end) {
      const std::int64_t middle = last + (end - last + 1) / 2;
      if (function(middle) == y) {
        last = middle;
      } else {
        end = middle - 1;
      }
    }
    runs_.push_back({first, last, y});
    first = last + 1;
  }
  if (runs_.size() < 2) return;
  // The first and the last y may be one x wide as well as any other number of them.
  if (function.round(x.lowest) != runs_.front().y) {
    runs_.front().first = clamp_.lowest = runs_.front().last;
  }
  if (function.round(x.highest) != runs_.back().y) {
    runs_.back().last = clamp_.highest = runs_.back().first;
  }
}

std::optional<ShortForm> ShortFormSearch::with_multiplier(std::int64_t multiplier,
                                                          int shift) const {
  // y 2^shift <= multiplier x + addend < (y + 1) 2^shift at both ends of each run.
  const std::int64_t step = std::int64_t{1} << shift;
  Wide least = INT64_MIN;
  Wide most = INT64_MAX;
  for (const Run& run : runs_) {
    for (const std::int64_t x : {run.first, run.last}) {
      const Wide product = Wide{multiplier} * x;
      if (!is_short(product)) return std::nullopt;
      least = std::max(least, Wide{run.y} * step - product);
      most = std::min(most, (Wide{run.y} + 1) * step - product - 1);
    }
  }
  if (least > most || !is_short(least)) return std::nullopt;
  const auto addend = static_cast<std::int64_t>(least <= 0 && most >= 0 ? 0 : least);
  for (const Run& run : runs_) {
    for (const std::int64_t x : {run.first, run.last}) {
      if (!is_short(Wide{multiplier} * x + addend)) return std::nullopt;
    }
  }
  return ShortForm{multiplier, addend, shift, clamp_};
}

std::optional<ShortForm> ShortFormSearch::find(int shift) const {
  if (runs_.empty()) return std::nullopt;
  if (runs_.size() == 1) {
    const Wide addend = Wide{runs_.front().y} * (std::int64_t{1} << shift);
    if (!is_short(addend)) return std::nullopt;
    return ShortForm{0, static_cast<std::int64_t>(addend), shift, clamp_};
  }
  // The multiplier at another shift, and its neighbours.
  const int down = function_.shift - shift;
  if (down < -20) return std::nullopt;
  const Wide exact = down >= 0 ? Wide{function_.multiplier} >> down
                               : Wide{function_.multiplier} * (std::int64_t{1} << -down);
  if (!is_short(exact)) return std::nullopt;
  for (const int offset : {0, 1, -1, 2}) {
    const auto form = with_multiplier(static_cast<std::int64_t>(exact) + offset, shift);
    if (form) return form;
  }
  return std::nullopt;
}

std::optional<ShortForm> find_short_form(const Requantizing& function) {
  const ShortFormSearch search(function);
  for (int shift = 0; shift <= ShortFormSearch::kMaxShift; ++shift) {
    if (const auto form = search.find(shift)) return form;
  }
  return std::nullopt;
}

bool has_tie(const Requantizing& function) {
  if (function.shift == 0) return false;
  const auto multiplier = static_cast<std::uint64_t>(function.multiplier);
  const std::uint64_t half = std::uint64_t{1} << (function.shift - 1);
  // multiplier x = rest modulo 2^shift
  const std::uint64_t mask = (std::uint64_t{1} << function.shift) - 1;
  const std::uint64_t rest = (half - static_cast<std::uint64_t>(function.addend)) & mask;
  int zeros = 0;
  while (zeros < function.shift && ((multiplier >> zeros) & 1) == 0) ++zeros;
  if (zeros == function.shift) return rest == 0;
  if ((rest & ((std::uint64_t{1} << zeros) - 1)) != 0) return false;
  const std::uint64_t period = std::uint64_t{1} << (function.shift - zeros);
  const std::uint64_t x = ((rest >> zeros) * inverse(multiplier >> zeros)) & (period - 1);
  const std::uint64_t ahead = (x - static_cast<std::uint64_t>(function.x.lowest)) & (period - 1);
  return ahead <= static_cast<std::uint64_t>(function.x.highest) -
                      static_cast<std::uint64_t>(function.x.lowest);
}

}  // namespace pare::emit::c
