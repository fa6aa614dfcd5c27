#pragma once

#include <string>
#include <utility>
#include <vector>

#include "program/intervals.h"
#include "program/program.h"

namespace pare::lower {

/// Builds a program op by op: widths come from interval analysis with the constants as they are, so
/// that the program passes program::check.
class ProgramBuilder {
 public:
  explicit ProgramBuilder(std::string name) { program_.name = std::move(name); }

  const program::Program& program() const { return program_; }
  const Shape& shape(program::BufferId id) const { return program_.buffer(id).shape; }
  const program::Intervals& intervals(program::BufferId id) const { return known_[id.value]; }

  program::TripCountId trip_count(std::string name);

  /// Opens a section; ops are added to the last one opened.
  void section(program::Section section) { program_.sections.push_back(std::move(section)); }

  /// States of the section opened last.
  void states(std::vector<program::State> states) {
    program_.sections.back().states = std::move(states);
  }

  program::BufferId input(program::Buffer buffer);
  /// A buffer that is no op's output, with what its elements can be: a state.
  program::BufferId state(program::Buffer buffer);

  /// Adds a constant of the narrowest width, and returns it. An equal one is not added twice, and
  /// another of the same name gets a number behind it.
  program::ConstantId constant(const std::string& name, Shape shape,
                               std::vector<std::int64_t> values);
  program::ConstantId constant(program::Constant constant);

  /// Adds an op that writes `output`, whose width (and a linear op's accumulator) it determines.
  /// Throws InputError naming the op if something leaves 62 bits.
  program::BufferId op(const program::Op& op, std::vector<program::BufferId> inputs,
                       program::Buffer output);

  void output(program::BufferId id) { program_.outputs.push_back(id); }

  /// The program; it passes program::check.
  program::Program finish() &&;

 private:
  program::BufferId add(program::Buffer buffer, program::Intervals intervals);

  program::Program program_;
  std::vector<program::Intervals> known_;  ///< by BufferId
};

}  // namespace pare::lower
