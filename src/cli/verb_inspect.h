#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/verb.h"
#include "model/model.h"

namespace pare::cli {

/// Declares `inspect`: what a model is made of.
Verb add_inspect(CLI::App& parent);

/// For people: input and head, one row a node, totals, provenance in short.
std::string render_model(const model::Model& model);

/// The same as an object: "layers", one object a node, and "total".
nlohmann::json describe_model(const model::Model& model);

}  // namespace pare::cli
