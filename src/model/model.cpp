#include "model/model.h"

#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/safetensors.h"
#include "graph/check.h"
#include "graph/json.h"

namespace pare::model {
namespace {

constexpr const char* kVersionKey = "format_version";
constexpr const char* kGraphKey = "graph";
constexpr const char* kProvenanceKey = "provenance";
constexpr std::string_view kGraphPrefix = "graph/";

std::string dump(const nlohmann::json& json) {
  try {
    return json.dump();
  } catch (const nlohmann::json::exception&) {
    throw InputError(
        "the model holds a text that is not valid UTF-8: names of nodes, parameters and classes "
        "and "
        "all provenance must be");
  }
}

const std::string& metadata(const Safetensors& contents, const char* key) {
  const auto found = contents.metadata.find(key);
  if (found == contents.metadata.end()) {
    throw InputError(fmt::format(
        "not a model of pare: its metadata have no '{}' (a safetensors file from elsewhere?)",
        key));
  }
  return found->second;
}

void check_version(const std::string& text) {
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    throw InputError(fmt::format("{} is '{}', expected a number from 1", kVersionKey, text));
  }
  if (version > kFormatVersion) {
    throw InputError(
        fmt::format("written by a newer pare, format {}; this one reads up to {}: update pare",
                    version, kFormatVersion));
  }
}

/// The tensors of the graph, by the parameters' names.
std::map<std::string, Tensor> graph_tensors(std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> found;
  for (auto& [name, tensor] : tensors) {
    if (!name.starts_with(kGraphPrefix)) {
      throw InputError(fmt::format("tensor '{}' is no part of format {}: its tensors are '{}…'",
                                   name, kFormatVersion, kGraphPrefix));
    }
    found.emplace(name.substr(kGraphPrefix.size()), std::move(tensor));
  }
  return found;
}

std::map<std::string, std::string> parse_provenance(const std::string& text) {
  const nlohmann::json json = parse_json(text, kProvenanceKey);
  if (!json.is_object()) throw_json_type(json, "an object", kProvenanceKey);
  std::map<std::string, std::string> provenance;
  for (const auto& [key, value] : json.items()) {
    provenance[key] = json_as<std::string>(value, fmt::format("{}.{}", kProvenanceKey, key));
  }
  return provenance;
}

Model from_safetensors(Safetensors contents) {
  check_version(metadata(contents, kVersionKey));
  const nlohmann::json graph = parse_json(metadata(contents, kGraphKey), kGraphKey);
  Model model{.graph = graph::read_json(graph, graph_tensors(contents.tensors))};
  model.provenance = parse_provenance(metadata(contents, kProvenanceKey));
  return model;
}

}  // namespace

std::vector<std::byte> to_bytes(const Model& model) {
  graph::check(model.graph);
  Safetensors contents;
  contents.metadata[kVersionKey] = fmt::format("{}", kFormatVersion);
  contents.metadata[kGraphKey] = dump(graph::write_json(model.graph));
  contents.metadata[kProvenanceKey] = dump(nlohmann::json(model.provenance));
  for (auto& [name, tensor] : graph::tensors_of(model.graph)) {
    contents.tensors.emplace(fmt::format("{}{}", kGraphPrefix, name), tensor);
  }
  return pare::to_bytes(contents);
}

Model parse(std::span<const std::byte> bytes, const std::string& origin) {
  Safetensors contents = parse_safetensors(bytes, origin);
  try {
    return from_safetensors(std::move(contents));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", origin, error.what()));
  }
}

void save(const std::string& path, const Model& model) { write_file_atomic(path, to_bytes(model)); }

Model load(const std::string& path) { return parse(read_file(path), path); }

}  // namespace pare::model
