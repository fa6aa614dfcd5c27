// One writer and one reader for everything: both walk the `fields` of a struct and decide by the
// type of each field. A variant is an object with its alternative's `kind`.

#include "graph/json.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/names.h"
#include "graph/check.h"
#include "graph/edit.h"
#include "graph/enum_names.h"
#include "graph/json_record.h"

namespace pare::graph {
namespace {

using Json = nlohmann::json;

template <class T>
concept IsVariant = requires {
  std::variant_size<T>::value;
};

/// An alternative of a variant (Head's own `kind` is a field).
template <class T>
concept HasKind = requires {
  std::string_view(T::kind);
};

template <class T>
concept IsId = std::same_as<T, ParameterId> || std::same_as<T, WireId>;

// ------------------------------------------------------------------------------------- writing

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph) {}

  Json write(ParameterId id) const { return graph_.parameter(id).name; }
  Json write(WireId id) const { return graph_.wire(id).name; }

  template <class T>
  Json write(const T& value) const {
    if constexpr (IsVariant<T>) {
      return std::visit([&](const auto& alternative) { return write(alternative); }, value);
    } else if constexpr (std::is_enum_v<T>) {
      return name_of(value);
    } else if constexpr (HasFields<T>) {
      return write_fields(value);
    } else {
      return value;
    }
  }

  template <class T>
  Json write(const std::vector<T>& list) const {
    Json array = Json::array();
    for (const T& item : list) array.push_back(write(item));
    return array;
  }

  Json write(const std::map<std::string, Quantizer>& named) const {
    Json object = Json::object();
    for (const auto& [name, quantizer] : named) object[name] = write(quantizer);
    return object;
  }

 private:
  template <class T>
  Json write_fields(const T& value) const {
    Json object = Json::object();
    if constexpr (HasKind<T>) object["kind"] = T::kind;
    T::fields(value, [&](std::string_view name, const auto& field) {
      if constexpr (requires { field.has_value(); }) {
        if (field.has_value()) object[std::string(name)] = write(*field);
      } else {
        object[std::string(name)] = write(field);
      }
    });
    return object;
  }

  const Graph& graph_;
};

// ------------------------------------------------------------------------------------- reading

/// Names of a graph's parameters or wires, to be turned into ids.
using Index = std::map<std::string, std::uint32_t, std::less<>>;

class Reader {
 public:
  /// Fields are read in their order, so that names are known before they are referred to.
  void read(const Json& json, GraphRecord& record) {
    index_names(json, "parameters", parameters_);
    index_names(json, "wires", wires_);
    read_fields(json, record, "graph");
  }

 private:
  [[noreturn]] static void fail(const std::string& where, const std::string& what) {
    throw InputError(fmt::format("{}: {}", where, what));
  }

  /// Before anything is checked: entries are objects with a name, or names. What is neither is
  /// reported when its turn comes.
  static void index_names(const Json& json, const char* key, Index& index) {
    if (!json.is_object() || !json.contains(key) || !json.at(key).is_array()) return;
    std::uint32_t number = 0;
    for (const Json& entry : json.at(key)) {
      const Json* name = entry.is_object() && entry.contains("name") ? &entry.at("name") : &entry;
      if (name->is_string()) index.try_emplace(name->get<std::string>(), number);
      ++number;
    }
  }

  /// A single value.
  template <class T>
  requires std::is_arithmetic_v<T> || std::same_as<T, std::string>
  void read(const Json& json, T& value, const std::string& where) const {
    value = json_as<T>(json, where);
  }

  void read(const Json& json, ParameterId& id, const std::string& where) const {
    read_reference(json, id, where, parameters_, "parameter");
  }
  void read(const Json& json, WireId& id, const std::string& where) const {
    read_reference(json, id, where, wires_, "wire");
  }

  template <IsId IdType>
  void read_reference(const Json& json, IdType& id, const std::string& where, const Index& index,
                      std::string_view what) const {
    const auto name = json_as<std::string>(json, where);
    const auto found = index.find(name);
    if (found == index.end()) fail(where, fmt::format("there is no {} '{}'", what, name));
    id.value = found->second;
  }

  template <class T>
  requires std::is_enum_v<T>
  void read(const Json& json, T& value, const std::string& where) const {
    const auto found = json_as<std::string>(json, where);
    std::vector<std::string> known;
    for (const auto& [enumerator, name] : EnumNames<T>::list) {
      if (name == found) {
        value = enumerator;
        return;
      }
      known.emplace_back(name);
    }
    fail(where, fmt::format("'{}' is none of {}", found, fmt::join(known, ", ")));
  }

  template <class T>
  void read(const Json& json, std::vector<T>& list, const std::string& where) const {
    if (!json.is_array()) throw_json_type(json, "a list", where);
    list.clear();
    for (std::size_t i = 0; i < json.size(); ++i) {
      list.emplace_back();
      read(json[i], list.back(), element(where, i, json[i]));
    }
  }

  void read(const Json& json, std::map<std::string, Quantizer>& named,
            const std::string& where) const {
    if (!json.is_object()) throw_json_type(json, "an object", where);
    for (const auto& [name, entry] : json.items()) read(entry, named[name], where + "." + name);
  }

  template <class T>
  void read(const Json& json, std::optional<T>& value, const std::string& where) const {
    read(json, value.emplace(), where);
  }

  template <class T>
  requires IsVariant<T>
  void read(const Json& json, T& value, const std::string& where) const {
    const auto kind = required<std::string>(json, "kind", where);
    std::vector<std::string> known;
    const bool is_known = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (read_if_kind<std::variant_alternative_t<I, T>>(json, kind, value, where, known) ||
              ...);
    }
    (std::make_index_sequence<std::variant_size_v<T>>());
    if (!is_known) {
      fail(where, fmt::format("unknown kind '{}'{}; known: {}", kind, did_you_mean(kind, known),
                              fmt::join(known, ", ")));
    }
  }

  template <class Alternative, class Variant>
  bool read_if_kind(const Json& json, const std::string& kind, Variant& value,
                    const std::string& where, std::vector<std::string>& known) const {
    known.emplace_back(Alternative::kind);
    if (kind != Alternative::kind) return false;
    Alternative alternative{};
    read_fields(json, alternative, where);
    value = std::move(alternative);
    return true;
  }

  template <HasFields T>
  void read(const Json& json, T& value, const std::string& where) const {
    read_fields(json, value, where);
  }

  /// Every field but an optional one must be there, and nothing else.
  template <class T>
  void read_fields(const Json& json, T& value, const std::string& where) const {
    if (!json.is_object()) throw_json_type(json, "an object", where);
    std::vector<std::string> known;
    if constexpr (HasKind<T>) known.emplace_back("kind");
    T::fields(value, [&](std::string_view name, auto& field) {
      const std::string& key = known.emplace_back(name);
      if (json.contains(key)) {
        read(json.at(key), field, where + "." + key);
      } else if constexpr (!requires { field.has_value(); }) {
        fail(where, fmt::format("has no '{}'", key));
      }
    });
    for (const auto& [key, entry] : json.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      fail(where, fmt::format("unknown key '{}'{}", key, did_you_mean(key, known)));
    }
  }

  /// "graph.nodes[3] 'fc2'"
  static std::string element(const std::string& where, std::size_t i, const Json& json) {
    const bool is_named = json.is_object() && json.contains("name") && json.at("name").is_string();
    if (!is_named) return fmt::format("{}[{}]", where, i);
    return fmt::format("{}[{}] '{}'", where, i, json.at("name").get<std::string>());
  }

  Index parameters_;
  Index wires_;
};

Tensor take_tensor(std::map<std::string, Tensor>& tensors, const std::string& name, DType dtype,
                   const Shape& shape) {
  auto node = tensors.extract(name);
  if (node.empty()) {
    throw InputError(fmt::format("tensor '{}' is missing: expected {} {}", name,
                                 pare::name_of(dtype), to_string(shape)));
  }
  Tensor tensor = std::move(node.mapped());
  if (tensor.dtype() != dtype || tensor.shape() != shape) {
    throw InputError(fmt::format("tensor '{}' is {} {}, expected {} {}", name,
                                 pare::name_of(tensor.dtype()), to_string(tensor.shape()),
                                 pare::name_of(dtype), to_string(shape)));
  }
  return tensor;
}

Parameter to_parameter(ParameterRecord record, std::map<std::string, Tensor>& tensors) {
  Parameter parameter{.name = std::move(record.name), .role = record.role};
  parameter.stored = take_tensor(tensors, parameter.name, record.dtype, record.shape);
  if (record.is_masked) {
    parameter.mask = take_tensor(tensors, parameter.name + ".mask", DType::kU8, record.shape);
  }
  parameter.quantizer = std::move(record.quantizer);
  parameter.structure = record.structure;
  parameter.is_trainable = record.is_trainable;
  return parameter;
}

}  // namespace

Json write_json(const Graph& graph) {
  GraphRecord record{.name = graph.name,
                     .nodes = graph.nodes,
                     .inputs = graph.inputs,
                     .output = graph.output,
                     .head = graph.head};
  for (const Wire& wire : graph.wires) record.wires.push_back(wire.name);
  for (const Parameter& parameter : graph.parameters) {
    record.parameters.push_back({.name = parameter.name,
                                 .role = parameter.role,
                                 .dtype = parameter.stored.dtype(),
                                 .shape = parameter.stored.shape(),
                                 .is_masked = parameter.mask.has_value(),
                                 .is_trainable = parameter.is_trainable,
                                 .quantizer = parameter.quantizer,
                                 .structure = parameter.structure});
  }
  return Writer(graph).write(record);
}

std::map<std::string, Tensor> tensors_of(const Graph& graph) {
  std::map<std::string, Tensor> tensors;
  for (const Parameter& parameter : graph.parameters) {
    tensors[parameter.name] = parameter.stored;
    if (parameter.mask) tensors[parameter.name + ".mask"] = *parameter.mask;
  }
  return tensors;
}

Graph read_json(const Json& json, std::map<std::string, Tensor> tensors) {
  GraphRecord record;
  Reader().read(json, record);
  Graph graph;
  graph.name = std::move(record.name);
  for (ParameterRecord& parameter : record.parameters) {
    graph.parameters.push_back(to_parameter(std::move(parameter), tensors));
  }
  for (std::string& wire : record.wires) graph.wires.push_back({std::move(wire)});
  graph.nodes = std::move(record.nodes);
  graph.inputs = std::move(record.inputs);
  graph.output = record.output;
  graph.head = std::move(record.head);
  if (!tensors.empty()) {
    throw InputError(
        fmt::format("tensor '{}' belongs to no parameter of the graph", tensors.begin()->first));
  }
  check(graph);
  return graph;
}

}  // namespace pare::graph
