#pragma once

#include <string>

#include "emit/c/frame.h"
#include "emit/c/table.h"
#include "emit/c/writer.h"

namespace pare::emit::c {

/// The lowest and highest value of a constant.
Interval range_of(const program::Constant& constant);
/// Whether all values of a constant are equal: it is written as the number, without a table.
bool is_one_number(const program::Constant& constant);

/// What the table style writes of any op: pointers to the step's values, elements of constants.
class TableParts {
 public:
  TableParts(const Frame& frame, const Node& node, Tables& tables, Writer& writer);

  const Frame& frame;
  const Program& program;
  const Node& node;
  Writer& writer;
  BufferId x;      ///< the first input
  BufferId y;      ///< the output
  std::string to;  ///< y's type

  Interval width_range(BufferId id) const { return program.buffer(id).width.range(); }

  /// const T *NAME = …;
  void pointer(const char* name, BufferId id);
  /// x and y.
  void pointers();
  /// x and y, and opens a loop over the elements of y.
  void loop();

  /// An element of a constant as a number of a type: the number itself where all are equal.
  std::string element(ConstantId id, const std::string& index, CType type);
  /// The same of weights that lie input by input (Tables::by_input).
  std::string element_by_input(ConstantId id, const std::string& index, CType type);
  /// The element that broadcasts to element i of x.
  std::string covering(ConstantId id, CType type);
  /// The row of a table that broadcasts to element i of x.
  std::string leading(const program::Constant& table) const;

  /// The sums of an op with weights, every operand and every partial sum.
  Interval sum_range(ConstantId weight, const std::optional<ConstantId>& bias) const;
  /// What sums are computed in: holds their range.
  CType sum_type(ConstantId weight, const std::optional<ConstantId>& bias) const;

 private:
  Tables& tables_;
};

// table_windows.cpp
void write_table_conv(TableParts& parts, const program::Conv& op);
void write_table_max_pool(TableParts& parts, const program::MaxPool& op);
void write_table_sum_pool(TableParts& parts, const program::SumPool& op);

}  // namespace pare::emit::c
