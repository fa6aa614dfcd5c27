#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare::interop {

// What ONNX cannot say of a network of pare stands in the model's metadata as JSON, for
// import_onnx:
//
//   {"input": {"mean": […], "scale": […]}, "quantizers": {NODE: note, …}}
//
// It is used where it agrees with the file, which may have been changed since.

inline constexpr const char* kMetadataKey = "pare";

/// Where QONNX has its operators now (interop/onnx_import.cpp knows the older places).
inline constexpr const char* kQonnxDomain = "qonnx.custom_op.general";

/// Of a quantizer by the name of its node: its width and sign, which 8-bit integers do not show,
/// and its ranges, of which a scale is the rounded quotient by the top code.
struct QuantizerNote {
  int bits = 8;
  bool is_signed = true;
  bool is_narrow = true;
  std::vector<float> ranges = {};  ///< one, or one a channel; empty: the scale is exact
};

/// Metadata of that key; null if it is no JSON, or nested more deeply than ours.
nlohmann::json parse_metadata(const std::string& text);

nlohmann::json to_json(const QuantizerNote& note);

/// None if the note of that node is missing or not of that form.
std::optional<QuantizerNote> find_note(const nlohmann::json& metadata, const std::string& node);

/// metadata["input"][key], if that is a list of finite numbers; else none.
std::vector<double> find_input_list(const nlohmann::json& metadata, const char* key);

}  // namespace pare::interop
