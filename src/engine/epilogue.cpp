#include "engine/epilogue.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "engine/requantize_steps.h"
#include "program/broadcast.h"

namespace pare::engine {
namespace {

using program::Interval;

/// The constant's element of each output, if it has one in all or one an output.
std::optional<std::vector<std::int64_t>> by_output(const program::Constant& constant,
                                                   std::size_t num_outputs, const Shape& elements) {
  const std::vector<std::int64_t> values = program::expand(constant);
  if (!elements.empty()) {
    const program::Broadcast broadcast(constant.shape, elements);
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < num_outputs; ++i) all.push_back(values[broadcast.group_of(i)]);
    return all;
  }
  if (values.size() == 1) return std::vector<std::int64_t>(num_outputs, values.front());
  if (values.size() != num_outputs ||
      static_cast<std::size_t>(constant.shape.back()) != num_outputs) {
    return std::nullopt;
  }
  return values;
}

bool is_int32(std::int64_t x) {
  return x >= std::numeric_limits<std::int32_t>::min() &&
         x <= std::numeric_limits<std::int32_t>::max();
}

/// An even number amid the codes, so that what fits 8 bits is a signed byte less it; 0 where
/// nothing is gained.
std::int32_t center_of(Interval codes) {
  if (codes.highest - codes.lowest > 255) return 0;
  const std::int64_t middle = codes.lowest + (codes.highest - codes.lowest + 1) / 2;
  return static_cast<std::int32_t>(middle & ~std::int64_t{1});
}

/// Whether codes are those of unsigned bytes, from 0 on.
bool fits_byte(Interval codes) { return codes.lowest == 0 && codes.highest <= 255; }

/// What makes rounding to the nearest, ties to the even one, the op's rounding: less than half of
/// 2^-e decides where integers in units of 2^-e go, and keeps them from being ties. None where that
/// depends on the sign of what is rounded.
std::optional<double> lag_of(const Definition& define, Interval codes) {
  const double tiny = define.shift == 0 ? 0 : std::ldexp(0.5, -define.shift);
  const double half = define.shift == 0 ? 0 : 0.5;
  switch (define.op.rounding) {
    case program::Rounding::kHalfEven:
      return 0;
    case program::Rounding::kHalfUp:
      return tiny;
    case program::Rounding::kFloor:
      return tiny - half;
    case program::Rounding::kCeil:
      return half - tiny;
    case program::Rounding::kHalfAway:
      // Where results of the other sign are clamped to the same code.
      if (codes.lowest >= 0) return tiny;
      if (codes.highest <= 0) return -tiny;
      return std::nullopt;
    case program::Rounding::kHalfTowardZero:
      if (codes.lowest >= 0) return -tiny;
      if (codes.highest <= 0) return tiny;
      return std::nullopt;
    case program::Rounding::kAwayFromZero:
      if (codes.lowest >= 0) return half - tiny;
      if (codes.highest <= 0) return tiny - half;
      return std::nullopt;
    case program::Rounding::kTowardZero:
      break;
  }
  if (codes.lowest >= 0) return tiny - half;
  if (codes.highest <= 0) return half - tiny;
  return std::nullopt;
}

/// Where the steps of an output are, and the line that its requantize is without rounding.
struct Steps {
  std::vector<Point> points;  ///< empty if there are too many, or if results may be too large
  double multiply = 0;
  double add = 0;

  Line line(std::int32_t center) const {
    return {static_cast<float>(multiply), static_cast<float>(add - center)};
  }
};

Steps steps_of(const Definition& define, double lag, Interval sums, std::int32_t center) {
  const double largest = std::ldexp(define.largest_numerator(sums, center), -define.shift);
  // Bounds with room for their own rounding.
  if (largest >= 0x1p30 || !is_int32(sums.lowest) || !is_int32(sums.highest)) return {};
  return {.points = points_of(define, sums),
          .multiply = std::ldexp(static_cast<double>(define.multiplier), -define.shift),
          .add = std::ldexp(static_cast<double>(define.addend), -define.shift) + lag};
}

/// multiply_f and add_f of an output for which float32 gives the definition's codes.
bool find_float(const Steps& steps, bool has_fma, std::size_t i, Epilogue& epilogue) {
  if (steps.points.empty()) return false;
  const CodeRange codes{epilogue.lowest, epilogue.highest, epilogue.center};
  const auto line = find_line(steps.line(epilogue.center), steps.points, has_fma, codes);
  if (!line) return false;
  epilogue.multiply_f[i] = line->multiply;
  epilogue.add_f[i] = line->add;
  return true;
}

/// A magic line of an output, or what is done to settled sums.
MagicOutput find_magic(const Steps& steps, const Epilogue& epilogue) {
  constexpr MagicOutput kNone{0, 1, kMagicResult - kMagic, 0};
  if (steps.points.empty()) return kNone;
  const auto found =
      find_magic_line(steps.line(0), steps.points, {epilogue.lowest, epilogue.highest, 0});
  if (!found) return kNone;
  return {kMagicBits + found->bias, found->line.multiply, found->line.add, 1};
}

/// Whether so few outputs have no magic line that they do not matter.
bool has_enough(std::span<const MagicOutput> outputs, std::size_t size) {
  return 8 * static_cast<std::size_t>(std::ranges::count(outputs, 0, &MagicOutput::is_found)) <=
         size;
}

bool find_double(const Definition& define, double lag, Interval sums, std::size_t i,
                 Epilogue& epilogue) {
  const double largest = define.largest_numerator(sums, epilogue.center);
  if (largest >= 0x1p52 || std::ldexp(largest, -define.shift) >= 0x1p30) return false;
  epilogue.multiply_d[i] = std::ldexp(static_cast<double>(define.multiplier), -define.shift);
  epilogue.add_d[i] =
      std::ldexp(static_cast<double>(define.addend), -define.shift) - epilogue.center + lag;
  return true;
}

}  // namespace

std::optional<Epilogue> make_epilogue(const EpilogueRequest& request) {
  const program::Program& program = request.program;
  const auto& op = std::get<program::Requantize>(request.node.op);
  // Codes that y does not hold are never reached.
  Interval codes{op.lowest, op.highest};
  if (!request.node.outputs.empty()) {
    const Interval held = program.buffer(request.node.outputs[0]).width.range();
    codes = {std::max(codes.lowest, held.lowest), std::min(codes.highest, held.highest)};
  }
  const std::size_t size = request.sums.size();
  const auto multiplier = by_output(program.constant(op.multiplier), size, request.elements);
  const auto addend = by_output(program.constant(op.addend), size, request.elements);
  const auto shift = by_output(program.constant(op.shift), size, request.elements);
  if (!multiplier || !addend || !shift || !is_int32(codes.lowest) || !is_int32(codes.highest)) {
    return std::nullopt;
  }
  std::vector<Definition> definitions;
  std::vector<double> lags;
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t bias = request.bias.empty() ? 0 : request.bias[i];
    if (bias != 0 && (!is_int32(bias) || std::abs((*addend)[i]) >= std::int64_t{1} << 62)) {
      return std::nullopt;
    }
    definitions.push_back({(*multiplier)[i], (*addend)[i] + (*multiplier)[i] * bias,
                           static_cast<int>((*shift)[i]), op});
    const std::optional<double> lag = lag_of(definitions.back(), codes);
    if (!lag) return std::nullopt;
    lags.push_back(*lag);
  }
  Epilogue made{.arithmetic = Epilogue::Arithmetic::kFloat,
                .lowest = static_cast<std::int32_t>(codes.lowest),
                .highest = static_cast<std::int32_t>(codes.highest),
                .center = center_of(codes)};
  made.multiply_f.resize(request.padded_size);
  made.add_f.resize(request.padded_size);
  made.is_float.resize(request.padded_size, 1);
  if (request.is_for_batches && request.has_fma && fits_byte(codes)) {
    made.magic.resize(request.padded_size);
  }
  // Elements of a channel have much in common.
  const auto is_as_before = [&](std::size_t i) {
    return i > 0 && definitions[i] == definitions[i - 1] && request.sums[i] == request.sums[i - 1];
  };
  for (std::size_t i = 0; i < size; ++i) {
    if (is_as_before(i)) {
      made.multiply_f[i] = made.multiply_f[i - 1];
      made.add_f[i] = made.add_f[i - 1];
      made.is_float[i] = made.is_float[i - 1];
      if (!made.magic.empty()) made.magic[i] = made.magic[i - 1];
      continue;
    }
    const Steps steps = steps_of(definitions[i], lags[i], request.sums[i], made.center);
    made.is_float[i] = find_float(steps, request.has_fma, i, made) ? 1 : 0;
    if (!made.magic.empty()) made.magic[i] = find_magic(steps, made);
  }
  if (!has_enough(made.magic, size)) made.magic.clear();
  if (std::ranges::find(made.is_float, 0) == made.is_float.end()) return made;
  made.arithmetic = Epilogue::Arithmetic::kDouble;
  made.multiply_d.resize(request.padded_size);
  made.add_d.resize(request.padded_size);
  for (std::size_t i = 0; i < size; ++i) {
    if (!find_double(definitions[i], lags[i], request.sums[i], i, made)) return std::nullopt;
    if (made.is_float[i] == 0) made.multiply_f[i] = 1;
  }
  return made;
}

}  // namespace pare::engine
