// Each op becomes a block of its own with x, y as pointers to the step's values. Arithmetic is in
// int32_t where the interval analysis proves that it holds every operand and every partial result,
// in int64_t elsewhere.

#include "emit/c/table.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "emit/c/names.h"
#include "emit/c/table_parts.h"
#include "emit/c/table_spikes.h"
#include "emit/c/unrolled_requantize.h"

namespace pare::emit::c {
namespace {

using program::Constant;

class TableOp {
 public:
  explicit TableOp(TableParts& parts)
      : parts_(parts), program_(parts.program), writer_(parts.writer) {}

  void operator()(const program::Linear& op) {
    if (adds_spikes(program_, parts_.node, op)) return write_spike_linear(parts_, op);
    const Constant& weight = program_.constant(op.weight);
    const std::int64_t m = weight.shape[0];
    const std::int64_t n = weight.shape[1];
    const std::int64_t rows = parts_.frame.size(parts_.y) / m;
    parts_.pointers();
    if (op.predicate_block) parts_.pointer("p", parts_.node.inputs[1]);
    acc_ = parts_.sum_type(op.weight, op.bias);
    if (rows > 1) writer_.open("for (size_t row = 0; row < {}; ++row)", rows);
    const std::string x = rows > 1 ? fmt::format("x[row * {} + j]", n) : "x[j]";
    const std::string y = rows > 1 ? fmt::format("y[row * {} + i]", m) : "y[i]";
    writer_.open("for (size_t i = 0; i < {}; ++i)", m);
    const std::string acc = to_string(acc_);
    writer_.line("{} sum = {};", acc, op.bias ? parts_.element(*op.bias, "i", acc_) : "0");
    if (op.predicate_block) {
      writer_.open("if (p[i / {}] == 0)", *op.predicate_block);
      writer_.line("{} = 0;", y);
      writer_.line("continue;");
      writer_.close();
    }
    if (weight.circulant && !is_one_number(weight)) {
      circulant_sum(op, *weight.circulant, n, x);
    } else {
      writer_.line("for (size_t j = 0; j < {}; ++j) sum += {} * ({}){};", n,
                   parts_.element(op.weight, fmt::format("i * {} + j", n), acc_), acc, x);
    }
    writer_.line("{} = ({})sum;", y, parts_.to);
    writer_.close();
    if (rows > 1) writer_.close();
  }

  void operator()(const program::Conv& op) { write_table_conv(parts_, op); }
  void operator()(const program::MaxPool& op) { write_table_max_pool(parts_, op); }
  void operator()(const program::SumPool& op) { write_table_sum_pool(parts_, op); }

  void operator()(const program::Requantize& op) {
    constexpr std::array<const char*, 8> kRoundings = {
        "PARE_HALF_EVEN", "PARE_HALF_UP",     "PARE_HALF_AWAY",        "PARE_FLOOR",
        "PARE_CEIL",      "PARE_TOWARD_ZERO", "PARE_HALF_TOWARD_ZERO", "PARE_AWAY_FROM_ZERO"};
    const CType wide{64, true};
    if (has_one_requantize(program_, op)) return requantize_as_one(op);
    parts_.loop();
    writer_.line("y[i] = ({})pare_requantize((int64_t)x[i], {}, {},", parts_.to,
                 parts_.covering(op.multiplier, wide), parts_.covering(op.addend, wide));
    writer_.line("    (int){}, {}, {}, {});", parts_.covering(op.shift, {8, true}),
                 kRoundings[static_cast<std::size_t>(op.rounding)], literal(op.lowest),
                 literal(op.highest));
    writer_.close();
  }

  void operator()(const program::Threshold& op) {
    const Constant& thresholds = program_.constant(op.thresholds);
    const Constant& codes = program_.constant(op.codes);
    const std::int64_t size = thresholds.shape.back();
    const CType type = computing_type(hull_of(range_of(thresholds), parts_.width_range(parts_.x)));
    parts_.loop();
    writer_.line("const {} value = ({})x[i];", to_string(type), to_string(type));
    writer_.line("size_t number = 0;");
    const auto at = [&](const std::string& k) {
      return parts_.element(
          op.thresholds, fmt::format("({}) * {} + {}", parts_.leading(thresholds), size, k), type);
    };
    if (size <= kMaxCompared) {
      writer_.line("for (size_t k = 0; k < {}; ++k) {{", size);
      writer_.line("  if (value >= {}) ++number;", at("k"));
      writer_.line("}}");
    } else {
      writer_.line("size_t end = {}; /* the number of thresholds reached lies in number ... end */",
                   size);
      writer_.open("while (number < end)");
      writer_.line("const size_t middle = number + (end - number) / 2;");
      writer_.line("if (value >= {}) number = middle + 1;", at("middle"));
      writer_.line("else end = middle;");
      writer_.close();
    }
    writer_.line(
        "y[i] = ({}){};", parts_.to,
        parts_.element(op.codes, fmt::format("({}) * {} + number", parts_.leading(codes), size + 1),
                       computing_type(range_of(codes))));
    writer_.close();
  }

  void operator()(const program::Clamp& op) {
    Interval all = hull_of(parts_.width_range(parts_.x), {op.lowest, op.highest});
    parts_.loop();
    const std::string type = to_string(computing_type(all));
    writer_.line("const {} value = ({})x[i];", type, type);
    writer_.line("y[i] = ({})(value < {} ? {} : value > {} ? {} : value);", parts_.to,
                 literal(op.lowest), literal(op.lowest), literal(op.highest), literal(op.highest));
    writer_.close();
  }

  void operator()(const program::Add&) { combine('+', parts_.frame.interval(parts_.y)); }

  void operator()(const program::Multiply&) {
    combine('*', program::product(parts_.width_range(parts_.node.inputs[0]),
                                  parts_.width_range(parts_.node.inputs[1])));
  }

  void operator()(const program::Maximum&) {
    const std::string type = to_string(computing_type(hull_of(
        parts_.width_range(parts_.node.inputs[0]), parts_.width_range(parts_.node.inputs[1]))));
    parts_.pointers();
    parts_.pointer("b", parts_.node.inputs[1]);
    writer_.open("for (size_t i = 0; i < {}; ++i)", parts_.frame.size(parts_.y));
    writer_.line("y[i] = ({0})(({1})x[i] > ({1})b[i] ? ({1})x[i] : ({1})b[i]);", parts_.to, type);
    writer_.close();
  }

  void operator()(const program::Concat&) {
    writer_.line("{} *y = {};", parts_.to, parts_.frame.pointer(parts_.y));
    for (const BufferId id : parts_.node.inputs) {
      writer_.open("");
      parts_.pointer("x", id);
      writer_.line("for (size_t i = 0; i < {}; ++i) *y++ = ({})x[i];", parts_.frame.size(id),
                   parts_.to);
      writer_.close();
    }
  }

  void operator()(const program::Copy&) {
    parts_.pointers();
    writer_.line("for (size_t i = 0; i < {}; ++i) y[i] = ({})x[i];", parts_.frame.size(parts_.y),
                 parts_.to);
  }

  /// Loops over y's axes, outermost first, but for those of one element.
  void operator()(const program::Transpose& op) {
    const Shape& shape = program_.buffer(parts_.x).shape;
    parts_.pointers();
    std::string from;
    int num_loops = 0;
    for (const std::int64_t axis : op.order) {
      const std::int64_t size = shape[static_cast<std::size_t>(axis)];
      if (size == 1) continue;
      const std::int64_t stride =
          num_elements(std::span(shape).subspan(static_cast<std::size_t>(axis) + 1));
      writer_.open("for (size_t a{0} = 0; a{0} < {1}; ++a{0})", axis, size);
      if (!from.empty()) from += " + ";
      from += stride == 1 ? fmt::format("a{}", axis) : fmt::format("a{} * {}", axis, stride);
      ++num_loops;
    }
    writer_.line("*y++ = ({})x[{}];", parts_.to, from.empty() ? "0" : from);
    for (int i = 0; i < num_loops; ++i) writer_.close();
  }

  void operator()(const program::Lookup& op) {
    const Constant& table = program_.constant(op.table);
    const std::int64_t size = table.shape.back();
    const Interval range = parts_.width_range(parts_.x);
    const Interval moved{range.lowest - op.first, range.highest - op.first};
    const CType type = computing_type(hull_of(
        hull_of(range, moved), {std::min<std::int64_t>(op.first, 0), std::max(op.first, size)}));
    parts_.loop();
    writer_.line("{} index = ({})x[i] - {};", to_string(type), to_string(type),
                 literal(op.first, type));
    writer_.line("if (index < 0) index = 0;");
    writer_.line("if (index > {}) index = {};", size - 1, size - 1);
    writer_.line(
        "y[i] = ({}){};", parts_.to,
        parts_.element(op.table,
                       fmt::format("({}) * {} + (size_t)index", parts_.leading(table), size),
                       computing_type(range_of(table))));
    writer_.close();
  }

  void operator()(const program::ArgMax&) {
    const std::int64_t n = program_.buffer(parts_.x).shape.back();
    const std::int64_t rows = parts_.frame.size(parts_.y);
    parts_.pointers();
    writer_.open("for (size_t row = 0; row < {}; ++row)", rows);
    writer_.line("size_t best = row * {};", n);
    writer_.line("for (size_t i = best + 1; i < (row + 1) * {}; ++i) {{", n);
    writer_.line("  if (x[i] > x[best]) best = i;");
    writer_.line("}}");
    writer_.line("y[row] = ({})(best - row * {});", parts_.to, n);
    writer_.close();
  }

 private:
  /// The same for all elements: its cheapest form.
  void requantize_as_one(const program::Requantize& op) {
    const auto one = [&](ConstantId id) { return program_.constant(id).values.front(); };
    const Interval interval = parts_.frame.interval(parts_.x);
    const Requantizing function{
        interval,    one(op.multiplier), one(op.addend), static_cast<int>(one(op.shift)),
        op.rounding, op.lowest,          op.highest};
    Statements statements;
    Value x{interval, fmt::format("({})x[i]", to_string(computing_type(interval)))};
    x.statement = statements.add({}, {});
    const Value y = requantize_one(x, function, statements);
    statements.add_root(fmt::format("y[i] = ({}){};", parts_.to, y.text), {y});
    parts_.pointers();
    if (y.is_constant()) writer_.line("(void)x;");
    writer_.open("for (size_t i = 0; i < {}; ++i)", parts_.frame.size(parts_.y));
    statements.write(writer_);
    writer_.close();
  }

  /// Up to so many thresholds are compared one after the other.
  static constexpr std::int64_t kMaxCompared = 8;

  /// y = a `sign` b, in a type that holds both, the output and `results`.
  void combine(char sign, Interval results) {
    Interval all = hull_of(parts_.width_range(parts_.node.inputs[0]),
                           parts_.width_range(parts_.node.inputs[1]));
    all = hull_of(hull_of(all, results), parts_.frame.interval(parts_.y));
    const std::string type = to_string(computing_type(all));
    parts_.pointers();
    parts_.pointer("b", parts_.node.inputs[1]);
    writer_.open("for (size_t i = 0; i < {}; ++i)", parts_.frame.size(parts_.y));
    writer_.line("y[i] = ({})(({})x[i] {} ({})b[i]);", parts_.to, type, sign, type);
    writer_.close();
  }

  void circulant_sum(const program::Linear& op, std::int64_t k, std::int64_t n,
                     const std::string& x) {
    writer_.open("for (size_t block = 0; block < {}; ++block)", n / k);
    writer_.line("size_t r = i % {};", k);
    writer_.open("for (size_t j = block * {}; j < (block + 1) * {}; ++j)", k, k);
    writer_.line(
        "sum += {} * ({}){};",
        parts_.element(op.weight, fmt::format("(i / {} * {} + block) * {} + r", k, n / k, k), acc_),
        to_string(acc_), x);
    writer_.line("r = r == 0 ? {} : r - 1;", k - 1);
    writer_.close();
    writer_.close();
  }

  TableParts& parts_;
  const Program& program_;
  Writer& writer_;
  CType acc_;
};

void write_array(const std::string& name, CType type, std::span<const std::int64_t> values,
                 Writer& writer) {
  constexpr std::size_t kPerLine = 12;
  writer.open("static const {} {}[{}] =", to_string(type), name, values.size());
  for (std::size_t i = 0; i < values.size(); i += kPerLine) {
    std::string line;
    for (std::size_t k = i; k < std::min(i + kPerLine, values.size()); ++k) {
      line += (line.empty() ? "" : " ") + literal(values[k], type) + ",";
    }
    writer.line("{}", line);
  }
  writer.close(";");
  writer.blank();
}

}  // namespace

bool has_one_requantize(const Program& program, const program::Requantize& op) {
  const auto is_one = [&](ConstantId id) { return is_one_number(program.constant(id)); };
  return is_one(op.multiplier) && is_one(op.addend) && is_one(op.shift);
}

void write_table_op(const Frame& frame, const Node& node, Tables& tables, Writer& writer) {
  const std::string kind(program::kind_of(node.op));
  writer.open("");
  writer.line("/* {}: {} */", kind, frame.describe(node.outputs.front()));
  TableParts parts(frame, node, tables, writer);
  std::visit(TableOp(parts), node.op);
  writer.close();
}

CType table_type(const program::Constant& constant) { return smallest_type(range_of(constant)); }

void write_table(const Frame& frame, ConstantId id, Writer& writer) {
  const Constant& constant = frame.program.constant(id);
  writer.line("/* {} {} */", comment_text(constant.name), to_string(constant.width));
  write_array(frame.constants[id.value], table_type(constant), constant.values, writer);
}

void write_table_by_input(const Frame& frame, ConstantId id, Writer& writer) {
  const Constant& constant = frame.program.constant(id);
  const auto outputs = static_cast<std::size_t>(constant.shape[0]);
  const auto inputs = static_cast<std::size_t>(constant.shape[1]);
  const std::size_t taps = constant.values.size() / (outputs * inputs);
  std::vector<std::int64_t> values;
  values.reserve(constant.values.size());
  for (std::size_t tap = 0; tap < taps; ++tap) {
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t o = 0; o < outputs; ++o) {
        values.push_back(constant.values[(o * inputs + i) * taps + tap]);
      }
    }
  }
  writer.line("/* {} {}, by tap, input, output */", comment_text(constant.name),
              to_string(constant.width));
  write_array(frame.name_by_input(id), table_type(constant), values, writer);
}

}  // namespace pare::emit::c
