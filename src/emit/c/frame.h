#pragma once

#include <string>
#include <vector>

#include "emit/c/c_type.h"
#include "emit/c/emit.h"
#include "emit/c/layout.h"
#include "program/intervals.h"
#include "program/program.h"

namespace pare::emit::c {

using program::Buffer;
using program::BufferId;
using program::ConstantId;
using program::Node;
using program::Program;
using program::Section;
using program::SectionKind;
using program::State;

/// What all parts of the emitted text agree on: names, types, places.
struct Frame {
  const Program& program;
  Options options;
  std::string name;   ///< prefix of all symbols, "jets"
  std::string upper;  ///< prefix of all macros, "JETS"
  Layout layout;
  program::ProgramIntervals intervals;
  std::vector<std::string> inputs;       ///< parameters, as Program::inputs
  std::vector<std::string> outputs;      ///< parameters, as Program::outputs
  std::vector<std::string> trip_counts;  ///< parameters, as Program::trip_counts
  std::vector<std::string> constants;    ///< tables, as Program::constants

  CType type(BufferId id) const { return storage_type(program.buffer(id).width); }
  std::int64_t size(BufferId id) const { return num_elements(program.buffer(id).shape); }
  Interval interval(BufferId id) const { return hull(intervals.buffers.at(id.value)); }

  /// A pointer to the buffer's first element at step t. REQUIRES: it is not kLocal.
  std::string pointer(BufferId id) const;
  /// A pointer to the buffer's first element, or to what `step` (" + t * 4") says.
  std::string pointer_at(BufferId id, const std::string& step) const;
  /// The table of weights that lie input by input.
  std::string name_by_input(ConstantId id) const { return constants[id.value] + "_by_input"; }
  /// "const int8_t *in_x"
  std::string input_parameter(std::size_t i) const;
  std::string output_parameter(std::size_t i) const;
  /// "fc1.sum s13 [2] from fc1": for comments.
  std::string describe(BufferId id) const;
};

/// Throws InputError as make_layout does.
Frame make_frame(const Program& program, const Options& options);

}  // namespace pare::emit::c
