#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "model/deployment.h"

namespace pare::model {

/// The format that `save` writes, and the newest that `load` reads (docs/formats/pare.md).
inline constexpr int kFormatVersion = 2;

/// What a .pare file holds.
struct Model {
  graph::Graph graph;
  /// Where the model is from, for people and for tools: "pare" (the version), "recipe" (its text),
  /// "data", … Any keys, any UTF-8 text.
  std::map<std::string, std::string> provenance = {};
  /// What the graph became when it was frozen; none: a float graph.
  std::optional<Deployment> deployment = std::nullopt;

  friend bool operator==(const Model&, const Model&) = default;
};

/// The file's bytes; equal models give equal bytes. Throws InputError if the graph does not pass
/// graph::check, the deployment not check_deployment, or a text is no valid UTF-8.
std::vector<std::byte> to_bytes(const Model& model);

/// Reads and checks a model. `origin` names the file in messages. Throws InputError: not a
/// safetensors file, cut, damaged (of format 2 on, whatever is changed is found), not of pare, of a
/// newer format, or parts that do not fit each other.
Model parse(std::span<const std::byte> bytes, const std::string& origin);

/// Writes the file in one step: it is complete or as it was before. Throws InputError if it cannot
/// be written.
void save(const std::string& path, const Model& model);

/// Throws InputError as `parse` does, and if the file cannot be read.
Model load(const std::string& path);

}  // namespace pare::model
