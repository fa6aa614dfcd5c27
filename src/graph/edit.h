#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "graph/graph.h"

namespace pare::graph {

// The small steps that rewrites are made of. Each keeps the graph whole.

/// A struct that lists its fields.
template <class T>
concept HasFields = requires(T& value) {
  std::remove_const_t<T>::fields(value, [](std::string_view, auto&) {});
};

/// Calls f(id) on every ParameterId in an op, format, quantizer or an optional of one. `id` can be
/// assigned to if `value` can.
template <class T, class F>
void for_each_parameter_id(T& value, F&& f) {
  if constexpr (std::same_as<std::remove_const_t<T>, ParameterId>) {
    f(value);
  } else if constexpr (HasFields<T>) {
    std::remove_const_t<T>::fields(
        value, [&](std::string_view, auto& field) { for_each_parameter_id(field, f); });
  } else if constexpr (requires { std::variant_size<std::remove_const_t<T>>::value; }) {
    std::visit([&](auto& alternative) { for_each_parameter_id(alternative, f); }, value);
  } else if constexpr (requires { value.has_value(); }) {
    if (value.has_value()) for_each_parameter_id(*value, f);
  }
}

/// Every ParameterId in the graph: of ops, of what they hold, and of parameters' quantizers.
void for_each_reference(Graph& graph, const std::function<void(ParameterId&)>& f);

/// Puts a node with one input behind `wire`: it stands right after the wire's producer, and all who
/// read the wire (the graph's output too) now read the new node. Returns the node's output. Throws
/// InternalError if the name is taken.
WireId insert_after(Graph& graph, WireId wire, std::string name, Op op);

/// Takes a node with one input and one output out: who read its output now reads its input.
void bypass(Graph& graph, std::string_view node);

/// Adds a parameter, or puts it in the place of the one of its name.
ParameterId put_parameter(Graph& graph, Parameter parameter);

/// Drops wires and parameters that nothing refers to (parameters of role kAuxiliary stay), and
/// renumbers the rest in their order.
void compact(Graph& graph);

}  // namespace pare::graph
