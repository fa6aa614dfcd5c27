#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/safetensors.h"

namespace pare::model {

// What the readers and writers of a .pare file's parts do with its metadata.

/// Throws InputError if the key is absent.
const std::string& metadata_of(const Safetensors& contents, const std::string& key);

/// A version number under a key, 1 … newest. Throws InputError if it is none, or newer.
int read_version(const Safetensors& contents, const std::string& key, int newest);

/// JSON as text. Throws InputError if a text in it is no valid UTF-8.
std::string dump_json(const nlohmann::json& json);

}  // namespace pare::model
