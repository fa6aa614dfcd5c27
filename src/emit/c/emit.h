#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lower/interface.h"
#include "program/program.h"
#include "program/reference.h"

namespace pare::emit::c {

enum class Style {
  /// Loops over constant tables: small code, for microcontrollers and large networks.
  kTable,
  /// Straight-line code with the constants in it, zeros gone: small networks at full speed.
  kUnrolled,
};

/// What a program makes of one sample.
struct GoldenVector {
  program::Inputs inputs;
  std::vector<program::Codes> outputs;  ///< in the order of Program::outputs
};

struct Options {
  /// What files and C symbols are called; made a C identifier. Empty: the program's name.
  std::string name = {};
  Style style = Style::kTable;
  /// The most steps of any loop. Only programs that keep values of all steps between loops need
  /// it: their memory grows with it.
  std::int64_t max_trip_count = 0;
};

struct File {
  std::string name;  ///< "jets.h"
  std::string text;
};

/// C99 without libraries: no heap, and no floating point but for the two ends.
struct Files {
  File header;
  File source;
  File test;                      ///< runs the golden vectors; has a main
  std::int64_t memory_bytes = 0;  ///< of struct NAME_memory; straight-line code also uses the stack
};

/// The most multiplications and elements that unrolled code may have.
inline constexpr std::int64_t kMaxUnrolledTerms = 100'000;

/// A program as C (docs/export_c.md), equal to program::run_reference in every code. Deterministic.
/// With an interface the files also hold the mappings from raw numbers to input codes and from
/// output codes to values; null: codes only. REQUIRES: the program passes program::check, and the
/// golden vectors are what it computes (they are not run here). Throws InputError: a program too
/// large to unroll; a missing max_trip_count; an interface that does not fit.
Files emit(const program::Program& program, const lower::Interface* interface,
           std::span<const GoldenVector> golden, const Options& options);

}  // namespace pare::emit::c
