#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"
#include "recipe/recipe.h"
#include "train/evaluate.h"

namespace pare::train {

/// A recipe's data as training wants them: standardised (and as an imported network's input takes
/// them), resident on the device. Of a scene the cube is, once, and patches are cut batch by batch.
struct TrainingData {
  Part train;
  Part validation;
  Part test;
  data::Standardisation standardisation;
  std::optional<graph::Graph> imported = std::nullopt;  ///< the recipe's [model] import
  std::string name;
  std::string description;
  std::vector<std::string> classes;
  Shape sample_shape;       ///< of one sample
  float largest_input = 0;  ///< max |x| of the standardised training inputs
};

/// Reads the data set of the recipe. Throws InputError as data::load, data::divide_scene and
/// imported_graph do, and if a split is empty.
TrainingData load_training_data(const recipe::Recipe& recipe, torch::Device device);

}  // namespace pare::train
