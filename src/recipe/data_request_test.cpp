#include "recipe/data_request.h"

#include <gtest/gtest.h>

namespace pare::recipe {
namespace {

TEST(DataRequest, CarriesEveryKeyOfData) {
  Recipe recipe;
  recipe.seed = 7;
  recipe.base_folder = "/recipes";
  recipe.data = {.set = "jets",
                 .train = "train.npz",
                 .validation = "validation.npz",
                 .test = "test.npz",
                 .cube = "scene.hdr",
                 .label_map = "labels.mat",
                 .inputs = "features",
                 .labels = "class",
                 .axes = "HWCN",
                 .first_label = 1,
                 .classes = {"g", "q"},
                 .split = Split::kKFold,
                 .train_fraction = 0.2,
                 .validation_fraction = 0.1,
                 .patch = 7,
                 .block = 9,
                 .folds = 5,
                 .fold = 3,
                 .max_train_samples = 1000,
                 .label_noise = 0.5,
                 .standardise = Standardise::kEachFile,
                 .frames = 12,
                 .frame_us = 34,
                 .synthetic_samples = 99};
  const data::Request request = data_request(recipe);
  EXPECT_EQ(request.set, "jets");
  EXPECT_EQ(request.train, "train.npz");
  EXPECT_EQ(request.validation, "validation.npz");
  EXPECT_EQ(request.test, "test.npz");
  EXPECT_EQ(request.cube, "scene.hdr");
  EXPECT_EQ(request.label_map, "labels.mat");
  EXPECT_EQ(request.train_fraction, 0.2);
  EXPECT_EQ(request.patch, 7);
  EXPECT_EQ(request.block, 9);
  EXPECT_EQ(request.inputs, "features");
  EXPECT_EQ(request.labels, "class");
  EXPECT_EQ(request.axes, "HWCN");
  EXPECT_EQ(request.first_label, 1);
  EXPECT_EQ(request.classes, (std::vector<std::string>{"g", "q"}));
  EXPECT_EQ(request.split, data::Split::kKFold);
  EXPECT_EQ(request.validation_fraction, 0.1);
  EXPECT_EQ(request.folds, 5);
  EXPECT_EQ(request.fold, 3);
  EXPECT_EQ(request.max_train_samples, 1000);
  EXPECT_EQ(request.label_noise, 0.5);
  EXPECT_EQ(request.standardise, data::Standardise::kEachFile);
  EXPECT_EQ(request.frames, 12);
  EXPECT_EQ(request.frame_us, 34);
  EXPECT_EQ(request.synthetic_samples, 99);
  EXPECT_EQ(request.seed, 7U);
  EXPECT_EQ(request.base_folder, "/recipes");
}

TEST(DataRequest, CarriesTheSpatialSplit) {
  Recipe recipe;
  recipe.data.split = Split::kSpatial;
  EXPECT_EQ(data_request(recipe).split, data::Split::kSpatial);
}

TEST(DataRequest, OfTheDefaultsIsTheDefault) {
  const data::Request request = data_request({});
  const data::Request defaults;
  EXPECT_EQ(request.split, defaults.split);
  EXPECT_EQ(request.standardise, defaults.standardise);
  EXPECT_EQ(request.validation_fraction, defaults.validation_fraction);
  EXPECT_EQ(request.synthetic_samples, defaults.synthetic_samples);
  EXPECT_EQ(request.inputs, defaults.inputs);
  EXPECT_EQ(request.labels, defaults.labels);
  EXPECT_EQ(request.axes, defaults.axes);
  EXPECT_EQ(request.first_label, defaults.first_label);
  EXPECT_EQ(request.train_fraction, defaults.train_fraction);
  EXPECT_EQ(request.patch, defaults.patch);
  EXPECT_EQ(request.block, defaults.block);
  EXPECT_EQ(request.frames, defaults.frames);
  EXPECT_EQ(request.frame_us, defaults.frame_us);
}

}  // namespace
}  // namespace pare::recipe
