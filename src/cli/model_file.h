#pragma once

#include <string>

#include "model/model.h"

namespace pare::cli {

/// A model of pare, or, where the path ends in .onnx, the network that it holds as a float graph
/// (`pare import` has options, and freezes). Throws InputError as model::load and
/// interop::import_onnx.
model::Model load_model(const std::string& path);

}  // namespace pare::cli
