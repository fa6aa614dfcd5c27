#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/safetensors.h"
#include "model/deployment.h"

namespace pare::model {

// The part of a .pare file that holds a deployment (docs/formats/pare.md).

/// Adds a deployment's metadata and tensors to a file's. Throws InputError as check_deployment, and
/// for texts that are no valid UTF-8.
void write_deployment(const Deployment& deployment, Safetensors& contents);

/// Takes a deployment's tensors out of a file's, nothing if it has none. Throws InputError: parts
/// that are missing, not as they were written, of a newer program version, or refused by
/// check_deployment.
std::optional<Deployment> take_deployment(Safetensors& contents);

}  // namespace pare::model
