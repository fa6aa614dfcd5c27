#include "data/load.h"

#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "data/axes.h"
#include "data/catalogue.h"
#include "data/label_noise.h"
#include "data/load_scene.h"
#include "data/samples.h"
#include "data/scene_source.h"
#include "data/source.h"
#include "data/split.h"
#include "data/standardise.h"

namespace pare::data {
namespace {

Source read_source(const Request& request) {
  if (request.set.empty()) return read_user_files(request);
  const CatalogueSet set = find_set(request.set);
  Source source =
      set.is_synthetic() ? make_synthetic(set, request.synthetic_samples) : read_set_files(set);
  if (!request.classes.empty()) {
    if (request.classes.size() != source.classes.size()) {
      throw InputError(fmt::format("data.classes: {} names, but data set '{}' has {} classes",
                                   request.classes.size(), set.name, source.classes.size()));
    }
    source.classes = request.classes;
  }
  return source;
}

/// Throws if samples of a part have another shape than those of the training part.
void check_shape(const Samples& samples, std::string_view part, const Source& source) {
  const Shape& expected = source.train.inputs.shape();
  const Shape& found = samples.inputs.shape();
  if (std::equal(expected.begin() + 1, expected.end(), found.begin() + 1, found.end())) return;
  throw InputError(
      fmt::format("data '{}': {} inputs have shape {}, training inputs {}; a sample must "
                  "have the same shape in both",
                  source.name, part, to_string(found), to_string(expected)));
}

void check_parts(const Source& source, const Request& request) {
  if (!source.test) {
    throw InputError(
        fmt::format("data '{}': no test samples; give data.test, or in an .npz file the arrays "
                    "{}_test and {}_test",
                    source.name, request.inputs, request.labels));
  }
  check_shape(*source.test, "test", source);
  if (request.split != Split::kGiven) return;
  if (!source.validation) {
    throw InputError(fmt::format(
        "data '{}': split is \"given\", but there are no validation samples; use \"stratified\" or "
        "\"k_fold\"{}",
        source.name,
        request.set.empty()
            ? fmt::format(", or give data.validation or the array {}_validation", request.inputs)
            : ""));
  }
  check_shape(*source.validation, "validation", source);
}

RowSplit split_rows(const Samples& samples, const Request& request, const std::string& name) {
  if (request.split == Split::kStratified) {
    return split_stratified(samples.labels.as<std::int64_t>(), request.validation_fraction,
                            request.seed);
  }
  if (request.folds < 2 || request.folds > samples.size()) {
    throw InputError(fmt::format("data.folds: {}, expected from 2 to the {} samples of '{}'",
                                 request.folds, samples.size(), name));
  }
  if (request.fold < 0 || request.fold >= request.folds) {
    throw InputError(
        fmt::format("data.fold: {}, expected 0 to {}", request.fold, request.folds - 1));
  }
  return split_k_fold(samples.size(), request.folds, request.fold, request.seed);
}

void add_noise(Source& source, const Request& request) {
  const auto classes = static_cast<std::int64_t>(source.classes.size());
  randomise_labels(source.train.labels, request.label_noise, classes, request.seed);
  if (source.validation) {
    randomise_labels(source.validation->labels, request.label_noise, classes, request.seed,
                     NoisedFile::kValidation);
  }
}

/// Fills in training and validation samples.
void split(Dataset& set, Source& source, const Request& request) {
  if (request.split == Split::kGiven) {
    set.train = std::move(source.train);
    set.validation = std::move(*source.validation);
  } else {
    const RowSplit rows = split_rows(source.train, request, source.name);
    set.train = select(source.train, rows.train);
    set.validation = select(source.train, rows.validation);
  }
  if (set.train.size() == 0 || set.validation.size() == 0) {
    throw InputError(
        fmt::format("data '{}': {} training and {} validation samples after the split; change "
                    "data.validation_fraction or bring more data",
                    source.name, set.train.size(), set.validation.size()));
  }
  if (request.max_train_samples > 0 && request.max_train_samples < set.train.size()) {
    set.train = select(set.train, sample_stratified(set.train.labels.as<std::int64_t>(),
                                                    request.max_train_samples, request.seed));
  }
}

void map_by_own_statistics(Samples& samples, const Standardisation& of_training_file) {
  samples.inputs = remap(samples.inputs, statistics(samples.inputs), of_training_file);
}

}  // namespace

Dataset load(const Request& request) {
  check_request(request);
  if (asks_for_scene(request)) return load_scene(request);
  check_axes(request.axes);
  if (request.split == Split::kSpatial) {
    throw InputError("data.split: \"spatial\" is of scenes; use \"stratified\" or \"k_fold\"");
  }
  Source source = read_source(request);
  check_parts(source, request);
  add_noise(source, request);

  Dataset set;
  set.name = source.name;
  set.description = source.description;
  set.features = source.features;
  set.classes = source.classes;
  set.test = std::move(*source.test);
  if (request.standardise == Standardise::kEachFile) {
    set.standardisation = statistics(source.train.inputs);
    map_by_own_statistics(set.test, set.standardisation);
    if (request.split == Split::kGiven) {
      map_by_own_statistics(*source.validation, set.standardisation);
    }
  }
  split(set, source, request);
  if (request.standardise == Standardise::kTrain)
    set.standardisation = statistics(set.train.inputs);
  return set;
}

}  // namespace pare::data
