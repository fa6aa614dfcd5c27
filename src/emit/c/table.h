#pragma once

#include <set>

#include "emit/c/frame.h"
#include "emit/c/writer.h"

namespace pare::emit::c {

/// The constants that emitted code has tables of, as ConstantIds.
struct Tables {
  std::set<std::uint32_t> stored = {};    ///< as they are: Frame::constants
  std::set<std::uint32_t> by_input = {};  ///< weights of spikes: Frame::name_by_input
};

/// Whether a requantize is the same for all elements, which in table style is written out.
bool has_one_requantize(const Program& program, const program::Requantize& op);

/// An op as loops over tables, at step t; adds the tables it needs.
void write_table_op(const Frame& frame, const Node& node, Tables& tables, Writer& writer);

/// A constant as an array of the smallest type that holds it: its values as stored (circulant
/// blocks by their first columns).
void write_table(const Frame& frame, ConstantId id, Writer& writer);

/// Weights [output][input][tap…] as an array [tap][input][output].
void write_table_by_input(const Frame& frame, ConstantId id, Writer& writer);

/// The type of write_table's array.
CType table_type(const program::Constant& constant);

}  // namespace pare::emit::c
