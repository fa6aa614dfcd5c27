#include "model/metadata.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace pare::model {

const std::string& metadata_of(const Safetensors& contents, const std::string& key) {
  const auto found = contents.metadata.find(key);
  if (found == contents.metadata.end()) {
    throw InputError(fmt::format(
        "not a model of pare: its metadata have no '{}' (a safetensors file from elsewhere?)",
        key));
  }
  return found->second;
}

int read_version(const Safetensors& contents, const std::string& key, int newest) {
  const std::string& text = metadata_of(contents, key);
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    throw InputError(fmt::format("{} is '{}', expected a number from 1", key, text));
  }
  if (version > newest) {
    throw InputError(
        fmt::format("written by a newer pare, {} {}; this one reads up to {}: update pare", key,
                    version, newest));
  }
  return version;
}

std::string dump_json(const nlohmann::json& json) {
  try {
    return json.dump();
  } catch (const nlohmann::json::exception&) {
    throw InputError(
        "the model holds a text that is not valid UTF-8: names of nodes, parameters and classes, "
        "units, notes and all provenance must be");
  }
}

}  // namespace pare::model
