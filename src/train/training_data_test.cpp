#include "train/training_data.h"

#include <string>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "data/load.h"
#include "recipe/data_request.h"
#include "train/tensors.h"

namespace pare::train {
namespace {

recipe::Recipe scene_recipe(const std::string& split, const std::string& standardise) {
  return recipe::parse(
      "name = \"scene\"\n[data]\nset = \"synthetic/scene\"\npatch = 5\nsplit = \"" + split +
          "\"\nstandardise = \"" + standardise +
          "\"\n[model]\nhidden = []\n[[stage]]\nname = \"s\"\n",
      "scene.toml");
}

void expect_equal(const Part& part, const data::Samples& samples,
                  const data::Standardisation& standardisation) {
  const torch::Tensor inputs = to_torch(data::standardise(samples.inputs, standardisation));
  ASSERT_EQ(part.inputs.size(), inputs.size(0));
  EXPECT_TRUE(part.inputs.rows(0, part.inputs.size()).equal(inputs));
  EXPECT_TRUE(part.labels.equal(to_torch(samples.labels)));
}

/// Patches cut as training asks for them are those that everyone else gets, in every bit.
TEST(TrainingData, OfASceneIsWhatIsLoadedElsewhere) {
  for (const char* split : {"stratified", "spatial"}) {
    for (const char* standardise : {"train", "none"}) {
      SCOPED_TRACE(std::string(split) + ", " + standardise);
      const recipe::Recipe recipe = scene_recipe(split, standardise);
      const TrainingData found = load_training_data(recipe, torch::kCPU);
      const data::Dataset expected = data::load(recipe::data_request(recipe));
      EXPECT_EQ(found.standardisation.mean, expected.standardisation.mean);
      EXPECT_EQ(found.standardisation.scale, expected.standardisation.scale);
      expect_equal(found.train, expected.train, expected.standardisation);
      expect_equal(found.validation, expected.validation, expected.standardisation);
      expect_equal(found.test, expected.test, expected.standardisation);
      const torch::Tensor train =
          to_torch(data::standardise(expected.train.inputs, expected.standardisation));
      EXPECT_EQ(found.largest_input, train.abs().max().item<float>());
    }
  }
}

}  // namespace
}  // namespace pare::train
