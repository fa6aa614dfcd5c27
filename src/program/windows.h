#pragma once

#include "graph/window.h"
#include "program/program.h"

namespace pare::program {

/// The window of a convolution or pooling, over its input. Throws InputError naming the op if the
/// window does not fit the input.
graph::Window window_of(const Program& program, const Node& node, const Conv& op);
graph::Window window_of(const Program& program, const Node& node, const MaxPool& op);
graph::Window window_of(const Program& program, const Node& node, const SumPool& op);

}  // namespace pare::program
