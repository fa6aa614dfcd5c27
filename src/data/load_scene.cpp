#include "data/load_scene.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "data/patches.h"
#include "data/scene_source.h"
#include "data/scene_split.h"
#include "data/split.h"
#include "data/standardise.h"

namespace pare::data {
namespace {

constexpr double kMaxPatchBytes = 8.0 * (1 << 30);
/// Pixels are counted by block and class while blocks are given away.
constexpr double kMaxBlockCounts = 1e8;

[[noreturn]] void fail(const std::string& message) { throw InputError(message); }

void check_settings(const Request& request) {
  if (request.split != Split::kStratified && request.split != Split::kSpatial) {
    fail("data.split: a scene is split \"stratified\" or \"spatial\"");
  }
  if (request.patch < 1 || request.patch % 2 == 0) {
    fail(fmt::format("data.patch: {}, expected an odd number of rows and columns, as 5",
                     request.patch));
  }
  if (request.block < 1) {
    fail(fmt::format("data.block: {}, expected at least 1 row and column", request.block));
  }
  if (!(request.train_fraction > 0 && request.train_fraction < 1)) {
    fail(fmt::format("data.train_fraction: {}, expected more than 0 and less than 1",
                     request.train_fraction));
  }
  if (request.standardise == Standardise::kEachFile) {
    fail("data.standardise: a scene is one file; use \"train\" or \"none\"");
  }
  if (request.label_noise != 0) fail("data.label_noise: not with a scene; remove it");
  if (request.first_label != 0) {
    fail("data.first_label: in the label map of a scene 0 is unlabelled; remove it");
  }
}

void check_patch_fits(const Request& request, const Scene& scene) {
  if (request.patch <= std::min(scene.rows(), scene.columns())) return;
  fail(fmt::format("data.patch: {}, but scene '{}' has {} rows and {} columns", request.patch,
                   scene.name, scene.rows(), scene.columns()));
}

SceneSplit split_of(const Scene& scene, const Request& request) {
  const SceneShares shares{.train = request.train_fraction,
                           .validation = request.validation_fraction};
  if (request.split == Split::kStratified) {
    return split_scene_at_random(scene.labels, shares, request.seed);
  }
  const auto blocks_along = [&](std::int64_t size) {
    return static_cast<double>(size / request.block + 1);
  };
  if (blocks_along(scene.rows()) * blocks_along(scene.columns()) *
          static_cast<double>(scene.classes.size()) >
      kMaxBlockCounts) {
    fail(fmt::format("data.block: {}, too small for scene '{}' of {} x {} pixels", request.block,
                     scene.name, scene.rows(), scene.columns()));
  }
  return split_scene_by_blocks(scene.labels, shares,
                               {.block = request.block, .patch = request.patch}, request.seed);
}

void cut_training(SceneSplit& split, const Scene& scene, const Request& request) {
  const auto count = static_cast<std::int64_t>(split.train.size());
  if (request.max_train_samples <= 0 || request.max_train_samples >= count) return;
  std::vector<std::int64_t> kept;
  for (const std::int64_t row :
       sample_stratified(labels_at(scene, split.train), request.max_train_samples, request.seed)) {
    kept.push_back(split.train[static_cast<std::size_t>(row)]);
  }
  split.train = std::move(kept);
}

void check_parts(const SceneSplit& split, const Scene& scene, const Request& request) {
  if (split.train.empty() || split.validation.empty() || split.test.empty()) {
    fail(
        fmt::format("data '{}': {} training, {} validation and {} test pixels after the split; "
                    "change data.train_fraction, data.validation_fraction{}",
                    scene.name, split.train.size(), split.validation.size(), split.test.size(),
                    request.split == Split::kSpatial ? " or data.block" : ""));
  }
}

void check_memory(const SceneSplit& split, const Scene& scene, const Request& request) {
  const auto pixels =
      static_cast<double>(split.train.size() + split.validation.size() + split.test.size());
  const double bytes = pixels * static_cast<double>(scene.cube.dim(2) * request.patch) *
                       static_cast<double>(request.patch) * sizeof(float);
  if (bytes > kMaxPatchBytes) {
    fail(
        fmt::format("data '{}': {} patches of {} x {} x {} take {:.1f} GiB, at most {:.0f} are "
                    "allowed; make data.patch smaller",
                    scene.name, pixels, scene.cube.dim(2), request.patch, request.patch,
                    bytes / (1 << 30), kMaxPatchBytes / (1 << 30)));
  }
}

/// "; class(es) x, y without test pixels", or nothing.
std::string missing_classes(const Scene& scene, const std::vector<std::int64_t>& pixels,
                            std::string_view part) {
  std::vector<bool> is_there(scene.classes.size());
  for (const std::int64_t label : labels_at(scene, pixels)) {
    is_there[static_cast<std::size_t>(label)] = true;
  }
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < is_there.size(); ++c) {
    if (!is_there[c]) missing.push_back(scene.classes[c]);
  }
  if (missing.empty()) return "";
  return fmt::format("; without {} pixels: {}", part, fmt::join(missing, ", "));
}

std::string described(const Scene& scene, const SceneSplit& split, const Request& request) {
  const bool is_spatial = request.split == Split::kSpatial;
  const std::string way =
      is_spatial
          ? fmt::format("spatial split in blocks of {}", request.block)
          : std::string(request.patch > 1 ? "random split, whose training and test patches overlap"
                                          : "random split");
  return fmt::format("{}; {}: {} training, {} validation, {} test pixels{}{}{}", scene.description,
                     way, split.train.size(), split.validation.size(), split.test.size(),
                     is_spatial ? fmt::format(", {} left out between them", split.num_guard) : "",
                     missing_classes(scene, split.train, "training"),
                     missing_classes(scene, split.test, "test"));
}

Samples samples_at(const Scene& scene, std::int64_t patch,
                   const std::vector<std::int64_t>& pixels) {
  const std::vector<std::int64_t> labels = labels_at(scene, pixels);
  return {.inputs = cut_patches(scene.cube, patch, pixels),
          .labels = Tensor::from<std::int64_t>({static_cast<std::int64_t>(labels.size())}, labels)};
}

}  // namespace

DividedScene divide_scene(const Request& request) {
  check_settings(request);
  DividedScene result{
      .scene = read_scene(request), .split = {}, .description = {}, .standardisation = {}};
  check_patch_fits(request, result.scene);
  result.split = split_of(result.scene, request);
  cut_training(result.split, result.scene, request);
  check_parts(result.split, result.scene, request);
  result.description = described(result.scene, result.split, request);
  if (request.standardise == Standardise::kTrain) {
    result.standardisation = statistics(cut_patches(result.scene.cube, 1, result.split.train));
  }
  return result;
}

Dataset load_scene(const Request& request) {
  const DividedScene divided = divide_scene(request);
  const Scene& scene = divided.scene;
  const SceneSplit& split = divided.split;
  check_memory(split, scene, request);

  Dataset set;
  set.name = scene.name;
  set.description = divided.description;
  set.features = scene.bands;
  set.classes = scene.classes;
  set.train = samples_at(scene, request.patch, split.train);
  set.validation = samples_at(scene, request.patch, split.validation);
  set.test = samples_at(scene, request.patch, split.test);
  set.standardisation = divided.standardisation;
  return set;
}

}  // namespace pare::data
