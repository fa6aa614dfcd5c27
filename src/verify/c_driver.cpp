#include "verify/c_driver.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "emit/c/c_type.h"

namespace pare::verify {
namespace {

using model::num_steps;
using program::BufferId;

constexpr const char* kCopies = R"(
static int read_code(FILE *file, int64_t *code) {
  return fread(code, sizeof *code, 1, file) == 1;
}

static int write_code(FILE *file, int64_t code) {
  return fwrite(&code, sizeof code, 1, file) == 1;
}
)";

constexpr const char* kMain = R"(
int main(int argc, char **argv) {
  FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL;
  FILE *to = argc == 3 ? fopen(argv[2], "wb") : NULL;
  if (from == NULL || to == NULL) return 2;
  for (int sample = 0; sample < NUM_SAMPLES; ++sample) {
    if (!run_sample(from, to)) return 3;
  }
  return fclose(to) == 0 ? 0 : 4;
}
)";

/// Codes of one sample, over all steps.
std::int64_t count(const program::Program& program, const model::Golden& golden, BufferId id) {
  return num_steps(program, golden.trip_counts, id) *
         static_cast<std::int64_t>(size_of(program, id));
}

class Driver {
 public:
  Driver(const program::Program& program, const model::Golden& golden, const std::string& name)
      : program_(program), golden_(golden), name_(name) {}

  std::string text(const std::string& header) {
    text_ = fmt::format("#include <stdint.h>\n#include <stdio.h>\n\n#include \"{}\"\n", header);
    text_ += fmt::format("\n#define NUM_SAMPLES {}\n", golden_.num_samples);
    text_ += fmt::format("\nstatic struct {}_memory memory;\n", name_);
    declare("in", program_.inputs);
    declare("out", program_.outputs);
    text_ += kCopies;
    write_run_sample();
    text_ += kMain;
    return std::move(text_);
  }

 private:
  void declare(const char* what, const std::vector<BufferId>& ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto type = emit::c::storage_type(program_.buffer(ids[i]).width);
      // C has no empty arrays.
      const std::int64_t size = std::max<std::int64_t>(1, count(program_, golden_, ids[i]));
      text_ += fmt::format("static {} {}_{}[{}];\n", to_string(type), what, i, size);
    }
  }

  void write_run_sample() {
    text_ += "\nstatic int run_sample(FILE *from, FILE *to) {\n  int64_t code = 0;\n";
    std::vector<std::string> arguments = {"&memory"};
    for (const std::int64_t steps : golden_.trip_counts) {
      arguments.push_back(fmt::format("{}", steps));
    }
    for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
      const BufferId id = program_.inputs[i];
      const auto type = emit::c::storage_type(program_.buffer(id).width);
      text_ += fmt::format(
          "  for (long i = 0; i < {}; ++i) {{\n    if (!read_code(from, &code)) return 0;\n"
          "    in_{}[i] = ({})code;\n  }}\n",
          count(program_, golden_, id), i, to_string(type));
      arguments.push_back(fmt::format("in_{}", i));
    }
    for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
      arguments.push_back(fmt::format("out_{}", i));
    }
    text_ += fmt::format("  (void){}_run({});\n", name_, fmt::join(arguments, ", "));
    for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
      text_ += fmt::format(
          "  for (long i = 0; i < {}; ++i) {{\n    if (!write_code(to, (int64_t)out_{}[i])) return "
          "0;\n  }}\n",
          count(program_, golden_, program_.outputs[i]), i);
    }
    text_ += "  return 1;\n}\n";
  }

  const program::Program& program_;
  const model::Golden& golden_;
  const std::string& name_;
  std::string text_;
};

}  // namespace

std::string c_driver(const program::Program& program, const model::Golden& golden,
                     const std::string& name, const std::string& header) {
  return Driver(program, golden, name).text(header);
}

}  // namespace pare::verify
