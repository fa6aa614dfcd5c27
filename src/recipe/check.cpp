#include "recipe/check.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::recipe {
namespace {

void check_data(const Data& data, const std::string& origin) {
  const auto fail = [&](std::string_view message) {
    throw InputError(fmt::format("{}: [data]: {}", origin, message));
  };
  if (data.set.empty() && data.train.empty() && data.cube.empty()) {
    fail(
        "expected set = a name that `pare data list` shows, or train = a file or folder of your "
        "own, or cube = a scene of your own");
  }
  if (!data.cube.empty() &&
      !(data.set.empty() && data.train.empty() && data.validation.empty() && data.test.empty())) {
    fail("a cube goes without set, train, validation and test; its split makes the parts");
  }
  if (!data.label_map.empty() && data.cube.empty()) fail("label_map needs cube = a scene's file");
  if (data.patch % 2 == 0) fail(fmt::format("patch = {}, expected an odd number", data.patch));
  if (!data.train.empty() && data.split == Split::kSpatial) {
    fail("split = \"spatial\" is of scenes, a set or a cube");
  }
  if (!data.set.empty() && !(data.train.empty() && data.validation.empty() && data.test.empty())) {
    fail("found a set and files of your own; expected one of them");
  }
  if (!data.cube.empty() && data.split != Split::kStratified && data.split != Split::kSpatial) {
    fail("a scene is split \"stratified\" or \"spatial\"");
  }
  if (data.set.empty() && data.split == Split::kGiven && data.validation.empty()) {
    fail("split = \"given\" needs validation = a file");
  }
  if (!data.validation.empty() && data.split != Split::kGiven) {
    fail("a validation file is only used with split = \"given\"; say so or remove it");
  }
  if (data.fold >= data.folds) {
    fail(fmt::format("fold = {}, expected 0 to {} (folds = {})", data.fold, data.folds - 1,
                     data.folds));
  }
  const std::set<std::string> classes(data.classes.begin(), data.classes.end());
  if (classes.size() != data.classes.size()) fail("classes has a name twice");
}

/// Names become parts of file names and of the names of curves.
bool is_name(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, is_allowed);
}

void check_quantize(const Stage& stage, const std::string& origin) {
  if (!stage.quantize) return;
  const bool is_calibrated = stage.quantize->calibration != Calibration::kNone;
  if (is_calibrated && stage.quantize->input_percentile != 100) {
    throw InputError(fmt::format(
        "{}: stage '{}': quantize.input_percentile and quantize.calibration both say what the "
        "input's range is; leave out one of them",
        origin, stage.name));
  }
  if (is_calibrated || !stage.quantize->bias_correction) return;
  throw InputError(
      fmt::format("{}: stage '{}': quantize.bias_correction needs calibration = \"min_max\", "
                  "\"percentile\" or \"mse\"",
                  origin, stage.name));
}

void check_stages(const std::vector<Stage>& stages, const std::string& origin) {
  if (stages.empty()) throw InputError(origin + ": no stages; add a [[stage]]");
  std::set<std::string> names;
  for (const Stage& stage : stages) {
    if (!is_name(stage.name)) {
      throw InputError(
          fmt::format("{}: stage name '{}': expected 1 to 100 letters, digits, '-', '_' or '.'",
                      origin, stage.name));
    }
    if (!names.insert(stage.name).second) {
      throw InputError(
          fmt::format("{}: two stages are named '{}'; rename one", origin, stage.name));
    }
    check_quantize(stage, origin);
  }
}

/// One moment is remembered, and it must come before the first pruning that goes back to it.
void check_rewinding(const std::vector<Stage>& stages, const std::string& origin) {
  const std::optional<int> epoch = rewind_epoch(stages);
  if (!epoch) return;
  for (const Stage& stage : stages) {
    if (!stage.prune || !stage.prune->rewind || stage.prune->rewind == epoch) continue;
    throw InputError(
        fmt::format("{}: stage '{}': prune.rewind = {}, but another stage has {}; a "
                    "run goes back to one epoch",
                    origin, stage.name, *stage.prune->rewind, *epoch));
  }
  const Stage& first = stages.front();
  const bool is_too_early = first.prune && first.prune->rewind && *epoch > 0;
  if (is_too_early || *epoch > first.train.epochs) {
    throw InputError(fmt::format(
        "{}: prune.rewind = {}: the first stage, '{}', has {} epochs, and must have trained that "
        "long before a pruning that goes back",
        origin, *epoch, first.name, is_too_early ? 0 : first.train.epochs));
  }
}

void check_model(const Model& model, const std::string& origin) {
  const bool is_cnn = model.kind == ModelKind::kCnn;
  if (is_cnn != model.convolutions.empty()) return;
  throw InputError(fmt::format(
      "{}: [model]: {}", origin,
      is_cnn ? "kind = \"cnn\" needs convolutions = [{ channels = 16, kernel = [3, 3] }, …]"
             : "convolutions are of kind = \"cnn\"; say so or remove them"));
}

}  // namespace

std::optional<int> rewind_epoch(const std::vector<Stage>& stages) {
  for (const Stage& stage : stages) {
    if (stage.prune && stage.prune->rewind) return stage.prune->rewind;
  }
  return std::nullopt;
}

void check(const Recipe& recipe, const std::string& origin) {
  check_data(recipe.data, origin);
  check_model(recipe.model, origin);
  check_stages(recipe.stages, origin);
  check_rewinding(recipe.stages, origin);
}

}  // namespace pare::recipe
