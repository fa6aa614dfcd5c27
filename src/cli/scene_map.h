#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/tensor.h"
#include "data/load_scene.h"
#include "metrics/accuracy.h"

namespace pare::cli {

/// What a model made of a scene.
struct SceneMap {
  Tensor classes;                      ///< int64 [rows, columns]
  std::vector<std::int64_t> pixels;    ///< by class: how many have it
  std::vector<std::int64_t> labelled;  ///< by class: how many have its label
  metrics::ConfusionMatrix tested;     ///< of the test pixels
};

/// Counts the classes of a map, and holds its test pixels against their labels.
SceneMap make_scene_map(Tensor classes, const data::DividedScene& divided);

/// For people: a legend with what of the scene each class has and how well its test pixels are
/// told, and a line of totals over the test pixels.
std::string render_scene_map(const SceneMap& map, const std::vector<std::string>& classes);

/// {"rows", "columns", "classes": [{"name", "colour", "pixels", "labelled", "recall"}], "test":
/// {"samples", "accuracy", "average_accuracy", "kappa", "confusion": [[…]]}}; null where a figure
/// is undefined.
nlohmann::json scene_map_json(const SceneMap& map, const std::vector<std::string>& classes);

}  // namespace pare::cli
