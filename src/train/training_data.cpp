#include "train/training_data.h"

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "data/load.h"
#include "recipe/data_request.h"
#include "train/imported_graph.h"
#include "train/tensors.h"

namespace pare::train {
namespace {

Part resident(const data::Samples& samples, const data::Standardisation& by, const char* split,
              const std::string& name, torch::Device device) {
  if (samples.size() == 0) {
    throw InputError(fmt::format("data '{}': the {} split has no samples", name, split));
  }
  return {.inputs = to_torch(data::standardise(samples.inputs, by)).to(device),
          .labels = to_torch(samples.labels).to(device)};
}

}  // namespace

TrainingData load_training_data(const recipe::Recipe& recipe, torch::Device device) {
  const data::Dataset set = data::load(recipe::data_request(recipe));
  TrainingData result;
  result.standardisation = set.standardisation;
  if (!recipe.model.import.empty()) {
    result.imported = imported_graph(recipe, set);
    const graph::Input& input = result.imported->inputs.front();
    result.standardisation = {input.mean, input.scale};
  }
  result.name = set.name;
  result.description = set.description;
  result.classes = set.classes;
  result.train = resident(set.train, result.standardisation, "training", set.name, device);
  result.validation =
      resident(set.validation, result.standardisation, "validation", set.name, device);
  result.test = resident(set.test, result.standardisation, "test", set.name, device);
  result.sample_shape = {set.train.inputs.shape().begin() + 1, set.train.inputs.shape().end()};
  result.largest_input = result.train.inputs.abs().max().item<float>();
  return result;
}

}  // namespace pare::train
