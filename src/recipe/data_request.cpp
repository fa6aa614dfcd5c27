#include "recipe/data_request.h"

#include "base/error.h"

namespace pare::recipe {
namespace {

data::Split split_of(Split split) {
  switch (split) {
    case Split::kGiven:
      return data::Split::kGiven;
    case Split::kStratified:
      return data::Split::kStratified;
    case Split::kKFold:
      return data::Split::kKFold;
    case Split::kSpatial:
      return data::Split::kSpatial;
  }
  throw InternalError("recipe: unknown split");
}

data::Standardise standardise_of(Standardise standardise) {
  switch (standardise) {
    case Standardise::kNone:
      return data::Standardise::kNone;
    case Standardise::kTrain:
      return data::Standardise::kTrain;
    case Standardise::kEachFile:
      return data::Standardise::kEachFile;
  }
  throw InternalError("recipe: unknown standardise");
}

}  // namespace

data::Request data_request(const Recipe& recipe) {
  const Data& data = recipe.data;
  return {.set = data.set,
          .train = data.train,
          .validation = data.validation,
          .test = data.test,
          .cube = data.cube,
          .label_map = data.label_map,
          .inputs = data.inputs,
          .labels = data.labels,
          .axes = data.axes,
          .first_label = data.first_label,
          .classes = data.classes,
          .split = split_of(data.split),
          .train_fraction = data.train_fraction,
          .validation_fraction = data.validation_fraction,
          .patch = data.patch,
          .block = data.block,
          .folds = data.folds,
          .fold = data.fold,
          .max_train_samples = data.max_train_samples,
          .label_noise = data.label_noise,
          .standardise = standardise_of(data.standardise),
          .frames = data.frames,
          .frame_us = data.frame_us,
          .synthetic_samples = data.synthetic_samples,
          .seed = recipe.seed,
          .base_folder = recipe.base_folder};
}

}  // namespace pare::recipe
