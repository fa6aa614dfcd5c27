#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "engine/view.h"
#include "graph/window.h"
#include "program/broadcast.h"
#include "program/program.h"

namespace pare::engine {

// Any op of any width, one sample after the other, in int64: what runs wherever no kernel fits.
// The formulas are those of docs/formats/program.md; what can be done beforehand is in the op.

/// Integers in the narrowest type that holds them.
using Integers = std::variant<std::vector<std::int8_t>, std::vector<std::int16_t>,
                              std::vector<std::int32_t>, std::vector<std::int64_t>>;

Integers narrowed(std::span<const std::int64_t> values);
std::size_t bytes_of(const Integers& integers);

struct GenericLinear {
  Integers weight;                      ///< [m n]
  std::vector<std::int64_t> bias = {};  ///< [m]
  std::size_t num_outputs = 0;
  std::size_t num_inputs = 0;
  std::size_t predicate_block = 0;  ///< 0: no predicate
};

struct GenericConv {
  Integers weight;  ///< [m, channels of a group, taps]
  std::vector<std::int64_t> bias = {};
  std::size_t group_outputs = 0;  ///< output channels of a group
  std::size_t group_inputs = 0;   ///< input channels of a group
  graph::Window window;
};

struct GenericMaxPool {
  graph::Window window;
};

struct GenericSumPool {
  graph::Window window;
};

struct GenericRequantize {
  std::vector<std::int64_t> multiplier;
  std::vector<std::int64_t> addend;
  std::vector<std::int64_t> shift;
  program::Broadcast multipliers;
  program::Broadcast addends;
  program::Broadcast shifts;
  program::Requantize op;
};

struct GenericThreshold {
  std::vector<std::int64_t> thresholds;
  std::vector<std::int64_t> codes;
  std::size_t size = 0;  ///< thresholds of a table
  program::Broadcast tables;
  program::Broadcast ranges;
};

struct GenericLookup {
  std::vector<std::int64_t> table;
  std::int64_t first = 0;
  std::int64_t size = 0;
  program::Broadcast tables;
};

struct GenericTranspose {
  std::vector<std::size_t> elements;  ///< of x, for each element of y
};

using GenericOp = std::variant<GenericLinear, GenericConv, GenericMaxPool, GenericSumPool,
                               GenericRequantize, GenericThreshold, GenericLookup, program::Clamp,
                               program::Add, program::Maximum, program::Multiply, program::Concat,
                               program::Copy, GenericTranspose, program::ArgMax>;

GenericOp make_generic(const program::Program& program, const program::Node& node);

/// Bytes of the weights of an op that has some; 0 of any other.
std::size_t weight_bytes(const GenericOp& op);

/// Where a generic op works: int64 room for one sample of its inputs and its output.
struct GenericRoom {
  std::vector<std::span<std::int64_t>> to_fill = {};       ///< the inputs, for whoever loads them
  std::vector<std::span<const std::int64_t>> inputs = {};  ///< the same, for the op
  std::span<std::int64_t> output = {};
};

/// Number of elements of all inputs and the output.
std::size_t room_size(std::span<const View> inputs, const View& output);

/// REQUIRES: memory has room_size elements.
GenericRoom make_room(std::span<const View> inputs, const View& output,
                      std::span<std::int64_t> memory);

/// REQUIRES: the room was made for these views.
void run_generic(const GenericOp& op, std::span<const View> inputs, const View& output,
                 const GenericRoom& room, std::int64_t t, Extent extent) noexcept;

}  // namespace pare::engine
