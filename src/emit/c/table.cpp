// Each op becomes a block of its own with x, y as pointers to the step's values. Arithmetic is in
// int32_t where the interval analysis proves that it holds every operand and every partial result,
// in int64_t elsewhere.

#include "emit/c/table.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "emit/c/names.h"
#include "graph/overloaded.h"
#include "program/broadcast.h"

namespace pare::emit::c {
namespace {

using program::Constant;

Interval range_of(const Constant& constant) {
  const auto [lowest, highest] = std::ranges::minmax(constant.values);
  return {lowest, highest};
}

/// The element of a constant that belongs to element i of a buffer: neighbouring axes that are both
/// covered, or both not, count as one.
std::string group_index(std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  if (num_elements(Shape(from.begin(), from.end())) == 1) return "0";
  std::string index;
  std::int64_t divisor = 1;
  std::int64_t stride = 1;
  for (std::size_t axis = to.size(); axis > 0;) {
    std::int64_t run = 1;
    const bool is_covered = from[axis - 1] == to[axis - 1];
    while (axis > 0 && (from[axis - 1] == to[axis - 1]) == is_covered) run *= to[--axis];
    if (is_covered) {
      std::string term = divisor == 1 ? "i" : fmt::format("i / {}", divisor);
      if (axis > 0) term += fmt::format(" % {}", run);
      if (stride != 1) term = fmt::format("{} * {}", axis > 0 ? "(" + term + ")" : term, stride);
      index += (index.empty() ? "" : " + ") + term;
      stride *= run;
    }
    divisor *= run;
  }
  return index;
}

class TableOp {
 public:
  TableOp(const Frame& frame, const Node& node, Tables& tables, Writer& writer)
      : frame_(frame),
        program_(frame.program),
        node_(node),
        tables_(tables),
        writer_(writer),
        y_(node.outputs.front()),
        to_(to_string(frame.type(y_))) {}

  void operator()(const program::Linear& op) {
    const Constant& weight = program_.constant(op.weight);
    const std::int64_t m = weight.shape[0];
    const std::int64_t n = weight.shape[1];
    const std::int64_t rows = frame_.size(y_) / m;
    pointers();
    if (op.predicate_block) pointer("p", node_.inputs[1]);
    Interval all = *frame_.intervals.partial_sums[y_.value];
    all = hull_of(all, hull_of(range_of(weight), width_range(node_.inputs[0])));
    if (op.bias) all = hull_of(all, range_of(program_.constant(*op.bias)));
    acc_ = computing_type(all);
    if (rows > 1) writer_.open("for (size_t row = 0; row < {}; ++row)", rows);
    const std::string x = rows > 1 ? fmt::format("x[row * {} + j]", n) : "x[j]";
    const std::string y = rows > 1 ? fmt::format("y[row * {} + i]", m) : "y[i]";
    writer_.open("for (size_t i = 0; i < {}; ++i)", m);
    const std::string acc = to_string(acc_);
    writer_.line("{} sum = {};", acc, op.bias ? element(*op.bias, "i", acc_) : "0");
    if (op.predicate_block) {
      writer_.open("if (p[i / {}] == 0)", *op.predicate_block);
      writer_.line("{} = 0;", y);
      writer_.line("continue;");
      writer_.close();
    }
    if (weight.circulant && range_of(weight).lowest != range_of(weight).highest) {
      circulant_sum(op, *weight.circulant, n, x);
    } else {
      writer_.line("for (size_t j = 0; j < {}; ++j) sum += {} * ({}){};", n,
                   element(op.weight, fmt::format("i * {} + j", n), acc_), acc, x);
    }
    writer_.line("{} = ({})sum;", y, to_);
    writer_.close();
    if (rows > 1) writer_.close();
  }

  void operator()(const program::Requantize& op) {
    constexpr std::array<const char*, 6> kRoundings = {"PARE_HALF_EVEN", "PARE_HALF_UP",
                                                       "PARE_HALF_AWAY", "PARE_FLOOR",
                                                       "PARE_CEIL",      "PARE_TOWARD_ZERO"};
    const CType wide{64, true};
    loop();
    writer_.line("y[i] = ({})pare_requantize((int64_t)x[i], {}, {},", to_,
                 covering(op.multiplier, wide), covering(op.addend, wide));
    writer_.line("    (int){}, {}, {}, {});", covering(op.shift, {8, true}),
                 kRoundings[static_cast<std::size_t>(op.rounding)], literal(op.lowest),
                 literal(op.highest));
    writer_.close();
  }

  void operator()(const program::Threshold& op) {
    const Constant& thresholds = program_.constant(op.thresholds);
    const Constant& codes = program_.constant(op.codes);
    const std::int64_t size = thresholds.shape.back();
    const CType type = computing_type(hull_of(range_of(thresholds), width_range(x())));
    loop();
    writer_.line("const {} value = ({})x[i];", to_string(type), to_string(type));
    writer_.line("size_t number = 0;");
    const auto at = [&](const std::string& k) {
      return element(op.thresholds, fmt::format("({}) * {} + {}", leading(thresholds), size, k),
                     type);
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
    writer_.line("y[i] = ({}){};", to_,
                 element(op.codes, fmt::format("({}) * {} + number", leading(codes), size + 1),
                         computing_type(range_of(codes))));
    writer_.close();
  }

  void operator()(const program::Clamp& op) {
    Interval all = hull_of(width_range(x()), {op.lowest, op.highest});
    loop();
    const std::string type = to_string(computing_type(all));
    writer_.line("const {} value = ({})x[i];", type, type);
    writer_.line("y[i] = ({})(value < {} ? {} : value > {} ? {} : value);", to_, literal(op.lowest),
                 literal(op.lowest), literal(op.highest), literal(op.highest));
    writer_.close();
  }

  void operator()(const program::Add&) {
    Interval all = hull_of(width_range(node_.inputs[0]), width_range(node_.inputs[1]));
    all = hull_of(all, frame_.interval(y_));
    const std::string type = to_string(computing_type(all));
    pointers();
    pointer("b", node_.inputs[1]);
    writer_.open("for (size_t i = 0; i < {}; ++i)", frame_.size(y_));
    writer_.line("y[i] = ({})(({})x[i] + ({})b[i]);", to_, type, type);
    writer_.close();
  }

  void operator()(const program::Concat&) {
    writer_.line("{} *y = {};", to_, frame_.pointer(y_));
    for (const BufferId id : node_.inputs) {
      writer_.open("");
      pointer("x", id);
      writer_.line("for (size_t i = 0; i < {}; ++i) *y++ = ({})x[i];", frame_.size(id), to_);
      writer_.close();
    }
  }

  void operator()(const program::Copy&) {
    pointers();
    writer_.line("for (size_t i = 0; i < {}; ++i) y[i] = ({})x[i];", frame_.size(y_), to_);
  }

  void operator()(const program::Lookup& op) {
    const Constant& table = program_.constant(op.table);
    const std::int64_t size = table.shape.back();
    const Interval range = width_range(x());
    const Interval moved{range.lowest - op.first, range.highest - op.first};
    const CType type = computing_type(hull_of(
        hull_of(range, moved), {std::min<std::int64_t>(op.first, 0), std::max(op.first, size)}));
    loop();
    writer_.line("{} index = ({})x[i] - {};", to_string(type), to_string(type),
                 literal(op.first, type));
    writer_.line("if (index < 0) index = 0;");
    writer_.line("if (index > {}) index = {};", size - 1, size - 1);
    writer_.line("y[i] = ({}){};", to_,
                 element(op.table, fmt::format("({}) * {} + (size_t)index", leading(table), size),
                         computing_type(range_of(table))));
    writer_.close();
  }

  void operator()(const program::ArgMax&) {
    const std::int64_t n = program_.buffer(x()).shape.back();
    const std::int64_t rows = frame_.size(y_);
    pointers();
    writer_.open("for (size_t row = 0; row < {}; ++row)", rows);
    writer_.line("size_t best = row * {};", n);
    writer_.line("for (size_t i = best + 1; i < (row + 1) * {}; ++i) {{", n);
    writer_.line("  if (x[i] > x[best]) best = i;");
    writer_.line("}}");
    writer_.line("y[row] = ({})(best - row * {});", to_, n);
    writer_.close();
  }

 private:
  /// Up to so many thresholds are compared one after the other.
  static constexpr std::int64_t kMaxCompared = 8;

  BufferId x() const { return node_.inputs.front(); }
  Interval width_range(BufferId id) const { return program_.buffer(id).width.range(); }

  void pointer(const char* name, BufferId id) {
    writer_.line("const {} *{} = {};", to_string(frame_.type(id)), name, frame_.pointer(id));
  }
  void pointers() {
    pointer("x", x());
    writer_.line("{} *y = {};", to_, frame_.pointer(y_));
  }
  /// Opens a loop over the elements of y.
  void loop() {
    pointers();
    writer_.open("for (size_t i = 0; i < {}; ++i)", frame_.size(y_));
  }

  /// An element of a constant as a number of a type: the number itself where all are equal.
  std::string element(ConstantId id, const std::string& index, CType type) {
    const Constant& constant = program_.constant(id);
    const Interval range = range_of(constant);
    if (range.lowest == range.highest) {
      return fmt::format("({}){}", to_string(type), literal(range.lowest, type));
    }
    tables_.insert(id.value);
    return fmt::format("({}){}[{}]", to_string(type), frame_.constants[id.value], index);
  }
  /// The element that broadcasts to element i of x.
  std::string covering(ConstantId id, CType type) {
    return element(id, group_index(program_.constant(id).shape, program_.buffer(x()).shape), type);
  }
  /// The row of a table that broadcasts to element i of x.
  std::string leading(const Constant& table) const {
    return group_index(program::leading_axes(table.shape), program_.buffer(x()).shape);
  }

  void circulant_sum(const program::Linear& op, std::int64_t k, std::int64_t n,
                     const std::string& x) {
    writer_.open("for (size_t block = 0; block < {}; ++block)", n / k);
    writer_.line("size_t r = i % {};", k);
    writer_.open("for (size_t j = block * {}; j < (block + 1) * {}; ++j)", k, k);
    writer_.line(
        "sum += {} * ({}){};",
        element(op.weight, fmt::format("(i / {} * {} + block) * {} + r", k, n / k, k), acc_),
        to_string(acc_), x);
    writer_.line("r = r == 0 ? {} : r - 1;", k - 1);
    writer_.close();
    writer_.close();
  }

  const Frame& frame_;
  const Program& program_;
  const Node& node_;
  Tables& tables_;
  Writer& writer_;
  BufferId y_;
  std::string to_;  ///< y's type
  CType acc_;
};

}  // namespace

void write_table_op(const Frame& frame, const Node& node, Tables& tables, Writer& writer) {
  const std::string kind(program::kind_of(node.op));
  writer.open("");
  writer.line("/* {}: {} */", kind, frame.describe(node.outputs.front()));
  std::visit(TableOp(frame, node, tables, writer), node.op);
  writer.close();
}

CType table_type(const program::Constant& constant) { return smallest_type(range_of(constant)); }

void write_table(const Frame& frame, ConstantId id, Writer& writer) {
  constexpr std::size_t kPerLine = 12;
  const Constant& constant = frame.program.constant(id);
  const CType type = table_type(constant);
  writer.line("/* {} {} */", comment_text(constant.name), to_string(constant.width));
  writer.open("static const {} {}[{}] =", to_string(type), frame.constants[id.value],
              constant.values.size());
  for (std::size_t i = 0; i < constant.values.size(); i += kPerLine) {
    std::string line;
    for (std::size_t k = i; k < std::min(i + kPerLine, constant.values.size()); ++k) {
      line += (line.empty() ? "" : " ") + literal(constant.values[k], type) + ",";
    }
    writer.line("{}", line);
  }
  writer.close(";");
  writer.blank();
}

}  // namespace pare::emit::c
