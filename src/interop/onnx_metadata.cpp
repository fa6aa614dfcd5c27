#include "interop/onnx_metadata.h"

#include <cmath>

#include "base/error.h"
#include "base/json.h"

namespace pare::interop {
namespace {

/// json[key], or null where that is no object or has none.
nlohmann::json at(const nlohmann::json& json, const std::string& key) {
  if (!json.is_object() || !json.contains(key)) return {};
  return json.at(key);
}

std::vector<double> numbers(const nlohmann::json& list) {
  std::vector<double> result;
  if (!list.is_array()) return result;
  for (const auto& element : list) {
    if (!element.is_number() || !std::isfinite(element.get<double>())) return {};
    result.push_back(element.get<double>());
  }
  return result;
}

}  // namespace

nlohmann::json parse_metadata(const std::string& text) {
  try {
    return pare::parse_json(text, "metadata");
  } catch (const InputError&) {
    return {};
  }
}

nlohmann::json to_json(const QuantizerNote& note) {
  return {{"bits", note.bits},
          {"signed", note.is_signed},
          {"narrow", note.is_narrow},
          {"ranges", note.ranges}};
}

std::optional<QuantizerNote> find_note(const nlohmann::json& metadata, const std::string& node) {
  const nlohmann::json json = at(at(metadata, "quantizers"), node);
  const nlohmann::json bits = at(json, "bits");
  const nlohmann::json is_signed = at(json, "signed");
  const nlohmann::json is_narrow = at(json, "narrow");
  if (!bits.is_number_integer() || !is_signed.is_boolean() || !is_narrow.is_boolean()) {
    return std::nullopt;
  }
  if (bits.get<std::int64_t>() < 1 || bits.get<std::int64_t>() > 32) return std::nullopt;
  QuantizerNote note{.bits = bits.get<int>(),
                     .is_signed = is_signed.get<bool>(),
                     .is_narrow = is_narrow.get<bool>()};
  for (const double range : numbers(at(json, "ranges"))) {
    note.ranges.push_back(static_cast<float>(range));
  }
  return note;
}

std::vector<double> find_input_list(const nlohmann::json& metadata, const char* key) {
  return numbers(at(at(metadata, "input"), key));
}

}  // namespace pare::interop
