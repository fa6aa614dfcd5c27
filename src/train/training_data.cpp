#include "train/training_data.h"

#include <fmt/format.h>

#include <torch/torch.h>

#include "base/error.h"
#include "data/load.h"
#include "data/load_scene.h"
#include "data/scene_source.h"
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

/// Takes the recipe's [model] import, if it has one, and how that wants raw data.
void import_network(TrainingData& data, const recipe::Recipe& recipe) {
  if (recipe.model.import.empty()) return;
  data.imported = imported_graph(recipe, {.sample_shape = data.sample_shape,
                                          .standardisation = data.standardisation,
                                          .classes = data.classes});
  const graph::Input& input = data.imported->inputs.front();
  data.standardisation = {input.mean, input.scale};
}

TrainingData of_samples(const recipe::Recipe& recipe, const data::Request& request,
                        torch::Device device) {
  const data::Dataset set = data::load(request);
  TrainingData result;
  result.standardisation = set.standardisation;
  result.name = set.name;
  result.description = set.description;
  result.classes = set.classes;
  result.sample_shape = {set.train.inputs.shape().begin() + 1, set.train.inputs.shape().end()};
  import_network(result, recipe);
  const data::Standardisation& by = result.standardisation;
  result.train = resident(set.train, by, "training", set.name, device);
  result.validation = resident(set.validation, by, "validation", set.name, device);
  result.test = resident(set.test, by, "test", set.name, device);
  return result;
}

/// Patches overlap: what is resident is the cube, once for all parts.
TrainingData of_scene(const recipe::Recipe& recipe, const data::Request& request,
                      torch::Device device) {
  const data::DividedScene divided = data::divide_scene(request);
  const data::Scene& scene = divided.scene;
  const std::int64_t bands = scene.cube.dim(2);
  TrainingData result;
  result.standardisation = divided.standardisation;
  result.name = scene.name;
  result.description = divided.description;
  result.classes = scene.classes;
  result.sample_shape = {bands, request.patch, request.patch};
  import_network(result, recipe);
  const Tensor pixels = scene.cube.reshaped({scene.rows() * scene.columns(), bands});
  const torch::Tensor cube = to_torch(data::standardise(pixels, result.standardisation))
                                 .view({scene.rows(), scene.columns(), bands})
                                 .to(device);
  const PatchSource source = with_mirrored_border(cube, request.patch);
  const auto part = [&](const std::vector<std::int64_t>& of) -> Part {
    return {.inputs = Inputs(source, torch::tensor(of, torch::kInt64)),
            .labels = torch::tensor(data::labels_at(scene, of), torch::kInt64).to(device)};
  };
  result.train = part(divided.split.train);
  result.validation = part(divided.split.validation);
  result.test = part(divided.split.test);
  return result;
}

}  // namespace

TrainingData load_training_data(const recipe::Recipe& recipe, torch::Device device) {
  const data::Request request = recipe::data_request(recipe);
  data::check_request(request);
  TrainingData result = data::asks_for_scene(request) ? of_scene(recipe, request, device)
                                                      : of_samples(recipe, request, device);
  result.largest_input = result.train.inputs.largest_magnitude();
  return result;
}

}  // namespace pare::train
