#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// `pare import`: a network in ONNX as a model of pare.
Verb add_import(CLI::App& parent);

}  // namespace pare::cli
