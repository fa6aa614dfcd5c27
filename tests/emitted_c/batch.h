#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emit/c/emit.h"
#include "program/program.h"
#include "program/random_program.h"

namespace pare::emitted_c {

/// Emitted C is compiled many programs a translation unit, as starting a compiler costs more than
/// what it does here.
struct Batch {
  std::vector<emit::c::Files> programs;
  std::int64_t num_vectors = 0;
  std::int64_t num_codes = 0;  ///< that are compared
};

struct RandomCases {
  std::uint64_t first_seed = 1;
  int count = 0;
  emit::c::Style style = emit::c::Style::kTable;
  program::RandomProgramOptions program = {};
  bool are_spiking = false;  ///< networks::random_snn instead
};

/// Inputs at both rails, mixed rails and anywhere, and what the reference makes of them. Odd seeds
/// have every buffer that an op or state writes as an output, so that nothing stays unseen.
void add_outputs(program::Program& program, std::uint64_t seed);
std::vector<emit::c::GoldenVector> golden_of(const program::Program& program, std::uint64_t seed);

void add_program(Batch& batch, const program::Program& program, std::uint64_t seed,
                 const emit::c::Options& options);
Batch random_batch(const RandomCases& cases);

struct Ran {
  int exit_code = -1;
  std::string output;
};

/// Runs a shell command; standard output and errors come back together.
Ran run_shell(const std::string& command);

/// The first of the commands that exists, or none.
std::optional<std::string> find_tool(const std::vector<std::string>& names);

/// Compiles all programs into one and runs their golden vectors; `runner` is put before the
/// program ("qemu-arm"). Fails the test, saying why, unless every code is as expected.
void expect_equal(const Batch& batch, const std::string& compiler_and_flags,
                  const std::string& runner = {});

/// What everyone should be able to compile emitted C with.
inline const std::string kWarnings =
    "-std=c99 -Wall -Wextra -pedantic -Wconversion -Wshadow -Wstrict-prototypes -Werror";

/// Skips the test, or fails it where PARE_REQUIRE_TOOLS is set.
void skip_without(const std::string& tool);

}  // namespace pare::emitted_c
