#include "model/model.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/safetensors.h"
#include "graph/check.h"
#include "graph/json.h"
#include "model/checksum.h"
#include "model/deployment_file.h"
#include "model/metadata.h"

namespace pare::model {
namespace {

constexpr const char* kVersionKey = "format_version";
constexpr const char* kGraphKey = "graph";
constexpr const char* kProvenanceKey = "provenance";
constexpr std::string_view kGraphPrefix = "graph/";

void check_checksum(const Safetensors& contents) {
  const std::string& expected = metadata_of(contents, kChecksumKey);
  if (checksum(contents) == expected) return;
  throw InputError(
      "the file is damaged: its contents do not have the checksum it gives; copy it again from "
      "where it was made");
}

/// The tensors of the graph, by the parameters' names.
std::map<std::string, Tensor> graph_tensors(std::map<std::string, Tensor>& tensors, int version) {
  std::map<std::string, Tensor> found;
  for (auto& [name, tensor] : tensors) {
    if (!name.starts_with(kGraphPrefix)) {
      throw InputError(fmt::format("tensor '{}' is no part of format {}", name, version));
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
  const int version = read_version(contents, kVersionKey, kFormatVersion);
  if (version >= 2) check_checksum(contents);
  Model model;
  if (version >= 2) model.deployment = take_deployment(contents);
  const nlohmann::json graph = parse_json(metadata_of(contents, kGraphKey), kGraphKey);
  model.graph = graph::read_json(graph, graph_tensors(contents.tensors, version));
  model.provenance = parse_provenance(metadata_of(contents, kProvenanceKey));
  return model;
}

}  // namespace

std::vector<std::byte> to_bytes(const Model& model) {
  graph::check(model.graph);
  Safetensors contents;
  contents.metadata[kVersionKey] = fmt::format("{}", kFormatVersion);
  contents.metadata[kGraphKey] = dump_json(graph::write_json(model.graph));
  contents.metadata[kProvenanceKey] = dump_json(nlohmann::json(model.provenance));
  for (auto& [name, tensor] : graph::tensors_of(model.graph)) {
    contents.tensors.emplace(fmt::format("{}{}", kGraphPrefix, name), tensor);
  }
  if (model.deployment) write_deployment(*model.deployment, contents);
  contents.metadata[kChecksumKey] = checksum(contents);
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
