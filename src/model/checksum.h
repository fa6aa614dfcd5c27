#pragma once

#include <string>

#include "base/safetensors.h"

namespace pare::model {

/// The metadata key of a file's checksum.
inline constexpr const char* kChecksumKey = "checksum";

/// SHA-256, in hexadecimal, of everything that a safetensors file says but for the metadata
/// kChecksumKey: docs/formats/pare.md says of which bytes.
std::string checksum(const Safetensors& contents);

}  // namespace pare::model
