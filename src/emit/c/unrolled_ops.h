#pragma once

#include <vector>

#include "emit/c/frame.h"
#include "emit/c/statements.h"
#include "emit/c/table.h"

namespace pare::emit::c {

/// The elements of a buffer.
using Values = std::vector<Value>;

/// One op as straight-line code, from the values of its inputs to those of its output.
Values unroll(const Frame& frame, const Node& node, const std::vector<Values>& inputs,
              Tables& tables, Statements& statements);

}  // namespace pare::emit::c
