#include "emitted_c/batch.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "networks/random_nets.h"
#include "program/check.h"
#include "program/random_inputs.h"

namespace pare::emitted_c {
namespace {

constexpr std::int64_t kMaxSteps = 4;  // what random_inputs makes

std::string name_of(const emit::c::Files& files) {
  return files.header.name.substr(0, files.header.name.size() - 2);
}

/// The programs apart from their tests, as whoever uses them has them.
std::string sources_of(const Batch& batch) {
  std::string text;
  for (const emit::c::Files& files : batch.programs) {
    text += fmt::format("#include \"{}\"\n", files.source.name);
  }
  return text;
}

std::string main_of(const Batch& batch) {
  std::string text = "#include <stdio.h>\n";
  for (const emit::c::Files& files : batch.programs) {
    std::string upper = name_of(files);
    std::ranges::transform(upper, upper.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    text += fmt::format("#define {}_TEST_NO_MAIN\n#include \"{}\"\n", upper, files.test.name);
  }
  text += "int main(void) {\n  long wrong = 0;\n  long all = 0;\n";
  for (const emit::c::Files& files : batch.programs) {
    text += fmt::format(
        "  wrong = {0}_test();\n  all += wrong;\n"
        "  if (wrong) printf(\"{0}: %ld codes differ\\n\", wrong);\n",
        name_of(files));
  }
  return text + "  return all != 0;\n}\n";
}

}  // namespace

void add_outputs(program::Program& program, std::uint64_t seed) {
  if (seed % 2 == 0) return;
  program.outputs.clear();
  for (std::uint32_t i = 0; i < program.buffers.size(); ++i) program.outputs.push_back({i});
}

std::vector<emit::c::GoldenVector> golden_of(const program::Program& program, std::uint64_t seed) {
  using enum program::InputKind;
  std::vector<emit::c::GoldenVector> golden;
  for (const program::InputKind kind : {kLowest, kHighest, kRails, kRails, kAny, kAny}) {
    program::Inputs inputs = program::random_inputs(program, seed + golden.size(), kind);
    program::Outputs outputs = program::run_reference(program, inputs, {.traps = true});
    golden.push_back({std::move(inputs), std::move(outputs.outputs)});
  }
  return golden;
}

void add_program(Batch& batch, const program::Program& program, std::uint64_t seed,
                 const emit::c::Options& options) {
  const std::vector<emit::c::GoldenVector> golden = golden_of(program, seed);
  for (const emit::c::GoldenVector& vector : golden) {
    for (const program::Codes& codes : vector.outputs) {
      batch.num_codes += static_cast<std::int64_t>(codes.size());
    }
  }
  batch.num_vectors += static_cast<std::int64_t>(golden.size());
  batch.programs.push_back(emit::c::emit(program, nullptr, golden, options));
}

Batch random_batch(const RandomCases& cases) {
  Batch batch;
  for (int i = 0; i < cases.count; ++i) {
    const std::uint64_t seed = cases.first_seed + static_cast<std::uint64_t>(i);
    program::Program program = cases.are_spiking ? networks::random_snn(seed)
                                                 : program::random_program(seed, cases.program);
    add_outputs(program, seed);
    program::check(program);
    add_program(
        batch, program, seed,
        {.name = fmt::format("p{}", seed), .style = cases.style, .max_trip_count = kMaxSteps});
  }
  return batch;
}

Ran run_shell(const std::string& command) {
  const TemporaryFolder folder;
  const std::string out = folder / "out";
  const int status = std::system(fmt::format("( {} ) > {} 2>&1", command, out).c_str());
  std::ostringstream text;
  text << std::ifstream(out).rdbuf();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
}

std::optional<std::string> find_tool(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (run_shell("command -v " + name).exit_code == 0) return name;
  }
  return std::nullopt;
}

void expect_equal(const Batch& batch, const std::string& compiler_and_flags,
                  const std::string& runner) {
  const TemporaryFolder folder;
  for (const emit::c::Files& files : batch.programs) {
    for (const emit::c::File& file : {files.header, files.source, files.test}) {
      write_file_atomic(folder / file.name, file.text);
    }
  }
  write_file_atomic(folder / "main.c", main_of(batch));
  write_file_atomic(folder / "sources.c", sources_of(batch));
  const std::string program = folder / "program";
  const Ran compiled = run_shell(fmt::format("{} {} {} -o {}", compiler_and_flags,
                                             folder / "sources.c", folder / "main.c", program));
  ASSERT_EQ(compiled.exit_code, 0) << compiler_and_flags << "\n" << compiled.output.substr(0, 4000);
  const Ran ran = run_shell(runner + " " + program);
  EXPECT_EQ(ran.exit_code, 0) << compiler_and_flags << "\n" << ran.output.substr(0, 4000);
}

void skip_without(const std::string& tool) {
  if (std::getenv("PARE_REQUIRE_TOOLS") != nullptr) {
    FAIL() << tool << " is missing";
  }
  GTEST_SKIP() << tool << " is missing";
}

}  // namespace pare::emitted_c
