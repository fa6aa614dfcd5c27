#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"
#include "recipe/recipe.h"

namespace pare::train {

/// What an imported network must fit.
struct ImportData {
  Shape sample_shape;
  data::Standardisation standardisation;
  std::vector<std::string> classes;
};

/// The network of a recipe's [model] import; its input's mean and scale have the data's
/// standardisation in front. Its output is one number a class. Throws InputError: the file cannot
/// be read, or its network does not fit the samples or the classes.
graph::Graph imported_graph(const recipe::Recipe& recipe, const ImportData& data);

}  // namespace pare::train
