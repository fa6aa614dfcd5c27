#include "emit/c/self_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "emit/c/writer.h"

namespace pare::emit::c {
namespace {

/// The codes of one buffer in all vectors, one vector after the other.
void write_codes(const std::string& name, CType type, const std::vector<program::Codes>& vectors,
                 Writer& writer) {
  std::vector<std::string> numbers;
  for (const program::Codes& codes : vectors) {
    for (const std::int64_t code : codes) numbers.push_back(literal(code, type));
  }
  if (numbers.empty()) numbers = {"0"};  // C has no empty arrays
  writer.open("static const {} {}[{}] =", to_string(type), name, numbers.size());
  constexpr std::size_t kPerLine = 16;
  for (std::size_t i = 0; i < numbers.size(); i += kPerLine) {
    std::string line;
    for (std::size_t k = i; k < std::min(i + kPerLine, numbers.size()); ++k) {
      line += (line.empty() ? "" : " ") + numbers[k] + ",";
    }
    writer.line("{}", line);
  }
  writer.close(";");
}

class SelfCheck {
 public:
  SelfCheck(const Frame& frame, std::span<const GoldenVector> golden)
      : frame_(frame), program_(frame.program), golden_(golden) {}

  std::string text() {
    writer_.line("/* Golden vectors of {}: codes in, and the codes that must come out.",
                 frame_.name);
    writer_.line(" * Define {}_TEST_NO_MAIN to call {}_test() from elsewhere. */", frame_.upper,
                 frame_.name);
    writer_.blank();
    writer_.line("#include \"{}.h\"", frame_.name);
    writer_.blank();
    write_vectors();
    write_test();
    write_main();
    return writer_.take();
  }

 private:
  std::string symbol(const std::string& name) const {
    return fmt::format("{}_test_{}", frame_.name, name);
  }
  /// Number of codes of a buffer in vector v, as C.
  std::string count(BufferId id) const {
    const Buffer& buffer = program_.buffer(id);
    if (!buffer.each) return fmt::format("{}", frame_.size(id));
    return fmt::format("{} * {}[v]", frame_.size(id),
                       symbol(frame_.trip_counts[buffer.each->value]));
  }

  void write_vectors() {
    for (std::size_t i = 0; i < frame_.trip_counts.size(); ++i) {
      std::vector<program::Codes> codes;
      for (const GoldenVector& vector : golden_) codes.push_back({vector.inputs.trip_counts[i]});
      write_codes(symbol(frame_.trip_counts[i]), {32, false}, codes, writer_);
    }
    for (std::size_t i = 0; i < frame_.inputs.size(); ++i) {
      std::vector<program::Codes> codes;
      for (const GoldenVector& vector : golden_) codes.push_back(vector.inputs.buffers[i]);
      write_codes(symbol(frame_.inputs[i]), frame_.type(program_.inputs[i]), codes, writer_);
    }
    for (std::size_t i = 0; i < frame_.outputs.size(); ++i) {
      std::vector<program::Codes> codes;
      std::size_t longest = 1;
      for (const GoldenVector& vector : golden_) {
        codes.push_back(vector.outputs[i]);
        longest = std::max(longest, vector.outputs[i].size());
      }
      const CType type = frame_.type(program_.outputs[i]);
      write_codes(symbol("expected_" + frame_.outputs[i]), type, codes, writer_);
      writer_.line("static {} {}[{}];", to_string(type), symbol(frame_.outputs[i]), longest);
    }
    writer_.line("static struct {}_memory {};", frame_.name, symbol("memory"));
    writer_.blank();
  }

  void write_test() {
    writer_.line("/* The number of codes that differ. */");
    writer_.line("long {}_test(void);", frame_.name);
    writer_.open("long {}_test(void)", frame_.name);
    writer_.line("long wrong = 0;");
    for (const std::string& name : frame_.inputs) writer_.line("size_t at_{} = 0;", name);
    for (const std::string& name : frame_.outputs) writer_.line("size_t at_{} = 0;", name);
    writer_.open("for (size_t v = 0; v < {}; ++v)", golden_.size());
    writer_.line("/* Memory needs no initial value. */");
    writer_.line("for (size_t i = 0; i < sizeof({}); ++i) {{", symbol("memory"));
    writer_.line("  ((unsigned char *)&{})[i] = (unsigned char)(37 * v + i);", symbol("memory"));
    writer_.line("}}");
    write_call();
    for (std::size_t i = 0; i < frame_.inputs.size(); ++i) {
      writer_.line("at_{} += {};", frame_.inputs[i], count(program_.inputs[i]));
    }
    for (std::size_t i = 0; i < frame_.outputs.size(); ++i) {
      const std::string& name = frame_.outputs[i];
      writer_.open("for (size_t i = 0; i < {}; ++i)", count(program_.outputs[i]));
      writer_.line("if ({}[i] != {}[at_{}++]) ++wrong;", symbol(name), symbol("expected_" + name),
                   name);
      writer_.close();
    }
    writer_.close();
    writer_.line("return wrong;");
    writer_.close();
    writer_.blank();
  }

  void write_call() {
    std::string arguments = fmt::format("&{}", symbol("memory"));
    for (const std::string& name : frame_.trip_counts) {
      arguments += fmt::format(", {}[v]", symbol(name));
    }
    for (const std::string& name : frame_.inputs) {
      arguments += fmt::format(", {} + at_{}", symbol(name), name);
    }
    for (const std::string& name : frame_.outputs) arguments += ", " + symbol(name);
    const std::string call = fmt::format("{}_run({})", frame_.name, arguments);
    if (frame_.layout.has_maximum) {
      writer_.line("if ({} != 0) ++wrong;", call);
    } else {
      writer_.line("{};", call);
    }
  }

  void write_main() {
    writer_.line("#ifndef {}_TEST_NO_MAIN", frame_.upper);
    writer_.line("#include <stdio.h>");
    writer_.blank();
    writer_.open("int main(void)");
    writer_.line("const long wrong = {}_test();", frame_.name);
    writer_.line("printf(\"{}: {} golden vectors, %ld codes differ\\n\", wrong);", frame_.name,
                 golden_.size());
    writer_.line("return wrong == 0 ? 0 : 1;");
    writer_.close();
    writer_.line("#endif");
  }

  const Frame& frame_;
  const Program& program_;
  std::span<const GoldenVector> golden_;
  Writer writer_;
};

}  // namespace

std::string self_check(const Frame& frame, std::span<const GoldenVector> golden) {
  return SelfCheck(frame, golden).text();
}

}  // namespace pare::emit::c
