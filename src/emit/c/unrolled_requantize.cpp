#include "emit/c/unrolled_requantize.h"

#include <algorithm>
#include <bit>

#include "base/error.h"

namespace pare::emit::c {
namespace {

/// From so many elements on a loop pays.
constexpr std::size_t kMinLoop = 8;

Interval image(const Requantizing& function) {
  const std::int64_t a = function(function.x.lowest);
  const std::int64_t b = function(function.x.highest);
  return {std::min(a, b), std::max(a, b)};
}

/// x, limited to an interval where it can leave it.
Value clamped(const Value& x, Interval to, Statements& statements) {
  Value value = x;
  if (value.interval.lowest < to.lowest) {
    const std::string low = literal(to.lowest, x.type());
    value = statements.define(fmt::format("{0} < {1} ? {1} : {0}", value.text, low), x.type(),
                              {to.lowest, std::max(to.lowest, value.interval.highest)}, {value});
  }
  if (value.interval.highest > to.highest) {
    const std::string high = literal(to.highest, value.type());
    value = statements.define(fmt::format("{0} > {1} ? {1} : {0}", value.text, high), value.type(),
                              {std::min(to.highest, value.interval.lowest), to.highest}, {value});
  }
  return value;
}

Value short_form(const Value& x, const ShortForm& form, Interval y, Statements& statements) {
  const CType type{32, true};
  const Value inside = clamped(x, form.clamp, statements);
  std::string text = Statements::as(type, inside);
  if (form.multiplier != 1) text += " * " + literal(form.multiplier);
  if (form.addend != 0) text += " + " + literal(form.addend);
  if (form.shift != 0) text = fmt::format("({}) >> {}", text, form.shift);
  return statements.define(text, type, y, {inside});
}

/// What a rounding mode adds before the shift.
struct RoundingUp {
  std::int64_t most = 0;
  std::string text = {};  ///< where it depends on n; else it is `most`
};

/// The cheapest rule that rounds every num / 2^e of the interval as the function does.
graph::Rounding cheapest_rounding(const Requantizing& function, Interval num) {
  using enum graph::Rounding;
  const graph::Rounding rounding = function.rounding;
  if (function.shift == 0) return kFloor;
  switch (rounding) {
    case kHalfEven:
      return has_tie(function) ? kHalfEven : kHalfUp;
    case kHalfAway:
      return num.lowest >= 0 || !has_tie(function) ? kHalfUp : kHalfAway;
    case kTowardZero:
      return num.lowest >= 0 ? kFloor : (num.highest <= 0 ? kCeil : kTowardZero);
    case kHalfTowardZero:
      return num.highest <= 0 || !has_tie(function) ? kHalfUp : kHalfTowardZero;
    case kAwayFromZero:
      return num.lowest >= 0 ? kCeil : (num.highest <= 0 ? kFloor : kAwayFromZero);
    default:
      return rounding;
  }
}

RoundingUp rounding_up(graph::Rounding rounding, int e, const std::string& n, CType type) {
  using enum graph::Rounding;
  if (rounding == kFloor) return {};
  const std::int64_t half = std::int64_t{1} << (e - 1);
  switch (rounding) {
    case kHalfEven:
      return {half, fmt::format("({} + (({} >> {}) & 1))", literal(half - 1, type), n, e)};
    case kHalfAway:
      return {half, fmt::format("({} - ({} < 0))", literal(half, type), n)};
    case kTowardZero:
      return {2 * half - 1, fmt::format("({} < 0 ? {} : 0)", n, literal(2 * half - 1, type))};
    case kHalfTowardZero:
      return {half, fmt::format("({} - ({} >= 0))", literal(half, type), n)};
    case kAwayFromZero:
      return {2 * half - 1, fmt::format("({} < 0 ? 0 : {})", n, literal(2 * half - 1, type))};
    case kCeil:
      return {2 * half - 1};
    default:
      return {half};
  }
}

/// In 64 bits where 32 are not enough. REQUIRES: the multiplier is not 0.
Value long_form(const Value& x, const Requantizing& function, Statements& statements) {
  const std::int64_t ends[] = {function.multiplier * x.interval.lowest,
                               function.multiplier * x.interval.highest};
  const Interval product{std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
  const Interval num{product.lowest + function.addend, product.highest + function.addend};
  const int e = function.shift;
  const graph::Rounding rounding = cheapest_rounding(function, num);
  const std::int64_t most = rounding_up(rounding, e, "", {64, true}).most;
  const std::int64_t y[] = {function.round(x.interval.lowest), function.round(x.interval.highest)};
  const Interval interval{std::min(y[0], y[1]), std::max(y[0], y[1])};
  if (num.highest > INT64_MAX - most) return {};
  Interval all = hull_of(hull_of(product, x.interval), {num.lowest, num.highest + most});
  all = hull_of(all, hull_of({std::min(function.addend, function.multiplier), most},
                             {0, std::max(function.addend + most, function.multiplier)}));
  const CType type = computing_type(all);
  std::string text = Statements::as(type, x);
  if (function.multiplier != 1) text += " * " + literal(function.multiplier, type);
  const bool is_plain = rounding_up(rounding, e, "", type).text.empty();
  const std::int64_t addend = function.addend + (is_plain ? most : 0);
  if (addend != 0) text += " + " + literal(addend, type);
  if (is_plain) {
    if (e != 0) text = fmt::format("({}) >> {}", text, e);
    return statements.define(text, type, interval, {x});
  }
  // n has the type that it is computed in, so that what rounding adds stays within it.
  const std::string n = statements.new_name("n");
  Value exact{num, n};
  exact.statement =
      statements.add({fmt::format("const {} {} = {};", to_string(type), n, text)}, {x});
  text = fmt::format("({} + {}) >> {}", n, rounding_up(rounding, e, n, type).text, e);
  return statements.define(text, type, interval, {exact});
}

/// Short forms of all elements with one shift; empty if there are none.
std::vector<ShortForm> common_forms(std::span<const Value> x,
                                    std::span<const Requantizing> functions) {
  if (x.size() < kMinLoop) return {};
  std::vector<ShortFormSearch> searches;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].type().bits != 32) return {};
    searches.emplace_back(functions[i]);
  }
  for (int shift = 0; shift <= ShortFormSearch::kMaxShift; ++shift) {
    std::vector<ShortForm> forms;
    for (const ShortFormSearch& search : searches) {
      const auto form = search.find(shift);
      if (!form) break;
      forms.push_back(*form);
    }
    if (forms.size() == x.size()) return forms;
  }
  return {};
}

/// One number for all, or a table: added to `lines`, and what its element i is called.
template <class Of>
std::string table_of(const std::vector<ShortForm>& forms, Of&& of, Statements& statements,
                     std::vector<std::string>& lines) {
  if (std::ranges::all_of(forms, [&](const ShortForm& form) { return of(form) == of(forms[0]); })) {
    return literal(of(forms[0]));
  }
  std::string numbers;
  for (const ShortForm& form : forms) {
    numbers += (numbers.empty() ? "" : ", ") + literal(of(form));
  }
  const std::string name = statements.new_name("c");
  lines.push_back(
      fmt::format("static const int32_t {}[{}] = {{{}}};", name, forms.size(), numbers));
  return name + "[i]";
}

std::vector<Value> unroll_loop(std::span<const Value> x, std::span<const Requantizing> functions,
                               const std::vector<ShortForm>& forms, Statements& statements) {
  std::vector<std::string> lines;
  const std::string from = statements.new_name("s");
  const std::string to = statements.new_name("y");
  lines.push_back(fmt::format("int32_t {}[{}];", from, x.size()));
  lines.push_back(fmt::format("int32_t {}[{}];", to, x.size()));
  const std::string low = table_of(
      forms, [](const ShortForm& form) { return form.clamp.lowest; }, statements, lines);
  const std::string high = table_of(
      forms, [](const ShortForm& form) { return form.clamp.highest; }, statements, lines);
  const std::string multiplier = table_of(
      forms, [](const ShortForm& form) { return form.multiplier; }, statements, lines);
  const std::string addend = table_of(
      forms, [](const ShortForm& form) { return form.addend; }, statements, lines);
  for (std::size_t i = 0; i < x.size(); ++i) {
    lines.push_back(fmt::format("{}[{}] = {};", from, i, Statements::as({32, true}, x[i])));
  }
  lines.push_back(fmt::format("for (int i = 0; i < {}; ++i) {{", x.size()));
  lines.push_back(fmt::format("  int32_t v = {0}[i] < {1} ? {1} : {0}[i];", from, low));
  lines.push_back(fmt::format("  v = v > {0} ? {0} : v;", high));
  lines.push_back(
      fmt::format("  {}[i] = (v * {} + {}) >> {};", to, multiplier, addend, forms.front().shift));
  lines.push_back("}");
  const std::size_t statement = statements.add(lines, {x.begin(), x.end()});
  std::vector<Value> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Value value{image(functions[i]), fmt::format("{}[{}]", to, i), statement};
    if (value.is_constant()) value = Statements::constant(value.interval.lowest);
    y.push_back(value);
  }
  return y;
}

}  // namespace

Value requantize_one(const Value& x, const Requantizing& function, Statements& statements) {
  const Interval y = image(function);
  if (y.lowest == y.highest) return Statements::constant(y.lowest);
  if (const auto form = find_short_form(function)) return short_form(x, *form, y, statements);
  const Value rounded = long_form(x, function, statements);
  check(!rounded.text.empty(), "a requantize that leaves 63 bits and sign");
  return clamped(rounded, {function.lowest, function.highest}, statements);
}

std::vector<Value> unroll_requantize(std::span<const Value> x,
                                     std::span<const Requantizing> functions,
                                     Statements& statements) {
  const std::vector<ShortForm> forms = common_forms(x, functions);
  if (!forms.empty()) return unroll_loop(x, functions, forms, statements);
  std::vector<Value> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(requantize_one(x[i], functions[i], statements));
  }
  return y;
}

}  // namespace pare::emit::c
