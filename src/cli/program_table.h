#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "model/deployment.h"

namespace pare::cli {

/// A frozen net's program for people: its hash, one row an op, and what freezing put in.
std::string render_program(const model::Deployment& deployment);

/// The same as an object: "sha256", "version", "ops", "notes".
nlohmann::json describe_program(const model::Deployment& deployment);

}  // namespace pare::cli
