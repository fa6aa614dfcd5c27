#include "emit/c/mapping.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "emit/c/names.h"

namespace pare::emit::c {
namespace {

using graph::Rounding;

/// A float or double as a C constant, exactly.
std::string exact(double number, bool is_float) {
  return fmt::format("({}{:a}{})", std::signbit(number) ? "-" : "", std::abs(number),
                     is_float ? "F" : "");
}

/// Numbers of which there is one for all or one for each: a C expression of element `index`, and
/// the table that it needs.
template <class Of>
std::string each_or_one(const std::string& name, std::size_t size, Of&& of, bool is_float,
                        const std::string& index, Writer& writer) {
  bool is_one = true;
  for (std::size_t i = 1; i < size; ++i) is_one = is_one && of(i) == of(0);
  if (is_one) return exact(of(0), is_float);
  writer.open("static const {} {}[{}] =", is_float ? "float" : "double", name, size);
  for (std::size_t i = 0; i < size; ++i) writer.line("{},", exact(of(i), is_float));
  writer.close(";");
  return fmt::format("{}[{}]", name, index);
}

class Mapping {
 public:
  Mapping(const Frame& frame, const lower::Interface& interface, Writer& writer)
      : frame_(frame),
        map_(interface.input),
        output_(interface.output),
        writer_(writer),
        input_type_(to_string(frame.type(frame.program.inputs[0]))),
        output_type_(to_string(frame.type(frame.program.outputs[0]))),
        input_size_(frame.size(frame.program.inputs[0])),
        output_size_(frame.size(frame.program.outputs[0])) {
    const Shape& shape = interface.input_shape;
    run_ = input_size_ / (shape.empty() ? 1 : shape.front());
  }

  void write() {
    writer_.line("#ifndef {}_NO_FLOAT", frame_.upper);
    writer_.line("#include <float.h>");
    writer_.blank();
    writer_.line(
        "#if defined(__FAST_MATH__) || (defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0)");
    writer_.line(
        "#error \"the mappings need IEEE arithmetic: no -ffast-math, no x87; or define "
        "{}_NO_FLOAT\"",
        frame_.upper);
    writer_.line("#endif");
    writer_.blank();
    write_code_of();
    write_map_input("map_input", "double");
    write_map_input("map_input_f32", "float");
    write_map_output();
    if (!is_argmax_of_codes(output_)) write_argmax_of_values();
    writer_.line("#endif");
    writer_.blank();
    if (is_argmax_of_codes(output_)) write_argmax_of_codes();
  }

 private:
  /// Whether rounding by adding and subtracting 1.5 * 2^23 is exact: then codes are made without
  /// branches.
  bool is_plain() const {
    constexpr double kLargest = 1 << 22;
    const double zero = static_cast<double>(map_.zero_point);
    return map_.rounding == Rounding::kHalfEven && std::nearbyint(zero) == zero &&
           std::abs(static_cast<double>(map_.codes.lowest)) + std::abs(zero) < kLargest &&
           std::abs(static_cast<double>(map_.codes.highest)) + std::abs(zero) < kLargest &&
           static_cast<double>(map_.codes.lowest) <= zero &&
           zero <= static_cast<double>(map_.codes.highest);
  }

  void write_code_of() {
    writer_.line("/* The code of x * multiply / divide; of NaN the code of 0. */");
    writer_.open("static {} {}_code_of(float v)", is_plain() ? "int32_t" : "int64_t", frame_.name);
    if (is_plain()) {
      const double zero = static_cast<double>(map_.zero_point);
      writer_.line("/* Adding 1.5 * 2^23 rounds to an integer, ties to even. */");
      writer_.line("const float round = 12582912.0F;");
      writer_.line("v = v == v ? v : 0.0F;");
      writer_.line("v = v < {0} ? {0} : v;",
                   exact(static_cast<double>(map_.codes.lowest) - zero, true));
      writer_.line("v = v > {0} ? {0} : v;",
                   exact(static_cast<double>(map_.codes.highest) - zero, true));
      writer_.line("v = v + round;");
      writer_.line("return (int32_t)(v - round) + {};",
                   literal(static_cast<std::int64_t>(map_.zero_point)));
    } else {
      write_any_code();
    }
    writer_.close();
    writer_.blank();
  }

  /// The reference's steps one after the other. Numbers of 2^23 or more are integers.
  void write_any_code() {
    const std::string zero = exact(static_cast<double>(map_.zero_point), true);
    const std::string low = exact(static_cast<double>(graph::end_code(map_.codes.lowest)), true);
    const std::string high = exact(static_cast<double>(graph::end_code(map_.codes.highest)), true);
    writer_.line("if (v != v) return (int64_t){};", zero);
    writer_.open("if (v > -8388608.0F && v < 8388608.0F)");
    writer_.line("const int32_t whole = (int32_t)v; /* toward zero */");
    if (map_.rounding != Rounding::kTowardZero) {
      writer_.line("const float rest = v - (float)whole;");
    }
    switch (map_.rounding) {
      case Rounding::kHalfEven:
        writer_.line("int32_t up = rest > 0.5F || (rest == 0.5F && whole % 2 != 0);");
        writer_.line("up -= rest < -0.5F || (rest == -0.5F && whole % 2 != 0);");
        break;
      case Rounding::kHalfUp:
        writer_.line("const int32_t up = (rest >= 0.5F) - (rest < -0.5F);");
        break;
      case Rounding::kHalfAway:
        writer_.line("const int32_t up = (rest >= 0.5F) - (rest <= -0.5F);");
        break;
      case Rounding::kFloor:
        writer_.line("const int32_t up = -(rest < 0.0F);");
        break;
      case Rounding::kCeil:
        writer_.line("const int32_t up = rest > 0.0F;");
        break;
      case Rounding::kTowardZero:
        writer_.line("const int32_t up = 0;");
        break;
      case Rounding::kHalfTowardZero:
        writer_.line("const int32_t up = (rest > 0.5F) - (rest < -0.5F);");
        break;
      case Rounding::kAwayFromZero:
        writer_.line("const int32_t up = (rest > 0.0F) - (rest < 0.0F);");
        break;
    }
    writer_.line("v = (float)(whole + up);");
    writer_.close();
    writer_.line("v = v + {};", zero);
    writer_.line("return (int64_t)(v < {0} ? {0} : v > {1} ? {1} : v);", low, high);
  }

  void write_map_input(const char* function, const char* raw) {
    const std::string channel = run_ == 1 ? "i" : fmt::format("i / {}", run_);
    writer_.open("void {}_{}(const {} *raw, {} *codes)", frame_.name, function, raw, input_type_);
    std::string x = std::string(raw) == "double" ? "raw[i]" : "(double)raw[i]";
    if (!map_.mean.empty()) {
      x = fmt::format("({} - {})", x,
                      each_or_one(
                          "mean", map_.mean.size(), [&](std::size_t i) { return map_.mean[i]; },
                          false, channel, writer_));
    }
    if (!map_.scale.empty()) {
      x += " / " + each_or_one(
                       "scale", map_.scale.size(), [&](std::size_t i) { return map_.scale[i]; },
                       false, channel, writer_);
    }
    const auto part = [&](const char* name, float graph::Scale::*member) {
      return each_or_one(
          name, map_.codec.size(),
          [&](std::size_t i) { return static_cast<double>(map_.codec[i].*member); }, true, channel,
          writer_);
    };
    const std::string multiply = part("multiply", &graph::Scale::multiply);
    const std::string divide = part("divide", &graph::Scale::divide);
    writer_.open("for (size_t i = 0; i < {}; ++i)", input_size_);
    writer_.line("const float x = (float)({});", x);
    std::string v = multiply == exact(1, true) ? "x" : "x * " + multiply;
    if (divide != exact(1, true)) v += " / " + divide;
    writer_.line("codes[i] = ({}){}_code_of({});", input_type_, frame_.name, v);
    writer_.close();
    writer_.close();
    writer_.blank();
  }

  void write_map_output() {
    writer_.open("void {}_map_output(const {} *codes, double *values)", frame_.name, output_type_);
    write_value();
    writer_.line("values[i] = product + {};", offset_);
    writer_.close();
    writer_.close();
    writer_.blank();
  }

  /// Opens a loop over the outputs and makes `product`.
  void write_value() {
    const std::string scale = each_or_one(
        "scale", output_.scale.size(), [&](std::size_t i) { return output_.scale[i]; }, false, "i",
        writer_);
    offset_ = each_or_one(
        "offset", output_.offset.size(), [&](std::size_t i) { return output_.offset[i]; }, false,
        "i", writer_);
    writer_.open("for (size_t i = 0; i < {}; ++i)", output_size_);
    writer_.line("/* volatile: product and sum are rounded one after the other, never as one. */");
    writer_.line("const volatile double product = (double)codes[i] * {};", scale);
  }

  void write_argmax_of_values() {
    writer_.open("size_t {}_argmax(const {} *codes)", frame_.name, output_type_);
    writer_.line("size_t best = 0;");
    writer_.line("double largest = 0;");
    write_value();
    writer_.line("const double value = product + {};", offset_);
    writer_.open("if (i == 0 || value > largest)");
    writer_.line("best = i;");
    writer_.line("largest = value;");
    writer_.close();
    writer_.close();
    writer_.line("return best;");
    writer_.close();
    writer_.blank();
  }

  void write_argmax_of_codes() {
    writer_.open("size_t {}_argmax(const {} *codes)", frame_.name, output_type_);
    writer_.line("size_t best = 0;");
    writer_.line("for (size_t i = 1; i < {}; ++i) {{", output_size_);
    writer_.line("  if (codes[i] > codes[best]) best = i;");
    writer_.line("}}");
    writer_.line("return best;");
    writer_.close();
    writer_.blank();
  }

  const Frame& frame_;
  const lower::InputMap& map_;
  const lower::OutputMap& output_;
  Writer& writer_;
  std::string input_type_;
  std::string output_type_;
  std::int64_t input_size_;
  std::int64_t output_size_;
  std::int64_t run_ = 1;  ///< elements of a channel
  std::string offset_;
};

}  // namespace

void check_interface(const Program& program, const lower::Interface& interface) {
  const bool is_single = program.inputs.size() == 1 && program.outputs.size() == 1;
  if (!is_single) {
    throw InputError(
        fmt::format("program '{}': {} inputs and {} outputs, but its interface is of one each",
                    program.name, program.inputs.size(), program.outputs.size()));
  }
  const auto fits = [&](BufferId id, const Shape& shape) {
    return static_cast<std::int64_t>(size_of(program, id)) == num_elements(shape);
  };
  if (fits(program.inputs[0], interface.input_shape) &&
      fits(program.outputs[0], interface.output_shape)) {
    return;
  }
  throw InputError(fmt::format("program '{}': its interface has other shapes", program.name));
}

void write_mapping_declarations(const Frame& frame, const lower::Interface& interface,
                                Writer& writer) {
  const std::string input = to_string(frame.type(frame.program.inputs[0]));
  const std::string output = to_string(frame.type(frame.program.outputs[0]));
  const bool has_integer_argmax = is_argmax_of_codes(interface.output);
  const auto argmax = [&] {
    writer.line("/* The index of the largest value, the first on ties. */");
    writer.line("size_t {}_argmax(const {} *codes);", frame.name, output);
  };
  if (interface.steps > 0) {
    writer.line("/* Steps that the network takes: its number of times through the loop. */");
    writer.line("#define {}_STEPS {}", frame.upper, interface.steps);
  }
  if (has_integer_argmax) argmax();
  writer.blank();
  writer.line("/* The two ends of a run, for one step: the only floating point there is. Define");
  writer.line(" * {}_NO_FLOAT to leave it out. */", frame.upper);
  writer.line("#ifndef {}_NO_FLOAT", frame.upper);
  if (!interface.input_units.empty()) {
    writer.line("/* Raw data are in {}. */", comment_text(interface.input_units));
  }
  writer.line("/* Codes of raw numbers. They saturate; NaN becomes the code of 0. */");
  writer.line("void {}_map_input(const double *raw, {} *codes);", frame.name, input);
  writer.line("void {}_map_input_f32(const float *raw, {} *codes);", frame.name, input);
  writer.line("/* Values of output codes{}. */",
              interface.output.is_softmax ? ", before the softmax that ends the network" : "");
  writer.line("void {}_map_output(const {} *codes, double *values);", frame.name, output);
  if (!has_integer_argmax) argmax();
  writer.line("#endif");
  writer.blank();
}

void write_mappings(const Frame& frame, const lower::Interface& interface, Writer& writer) {
  Mapping(frame, interface, writer).write();
}

}  // namespace pare::emit::c
