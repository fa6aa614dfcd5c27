#include "program/windows.h"

#include <fmt/format.h>

#include "base/error.h"

namespace pare::program {
namespace {

graph::Window pool_window(const Program& program, const Node& node,
                          const graph::PoolWindow& window) {
  if (window.is_global()) {
    throw InputError(fmt::format("{}: its window has no size", describe(program, node)));
  }
  return graph::make_window(program.buffer(node.inputs.at(0)).shape, window,
                            describe(program, node));
}

}  // namespace

graph::Window window_of(const Program& program, const Node& node, const Conv& op) {
  const Shape& weight = program.constant(op.weight).shape;
  const auto kernel = std::span(weight).subspan(std::min<std::size_t>(2, weight.size()));
  return graph::make_window(program.buffer(node.inputs.at(0)).shape,
                            graph::Sliding{kernel, op.stride, op.padding, op.dilation},
                            describe(program, node));
}

graph::Window window_of(const Program& program, const Node& node, const MaxPool& op) {
  return pool_window(program, node, op.window);
}

graph::Window window_of(const Program& program, const Node& node, const SumPool& op) {
  return pool_window(program, node, op.window);
}

}  // namespace pare::program
