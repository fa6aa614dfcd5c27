#pragma once

#include <string>

#include "data/dataset.h"
#include "data/request.h"
#include "data/scene.h"
#include "data/scene_split.h"

namespace pare::data {

/// A scene and the parts of its labelled pixels.
struct DividedScene {
  Scene scene;
  SceneSplit split;                 ///< its training part is cut to max_train_samples
  std::string description;          ///< the scene's, and what the split did
  Standardisation standardisation;  ///< by the training pixels; empty vectors: none asked for
};

/// The scene of a request, its labelled pixels divided by split_scene_at_random() with
/// Split::kStratified, by split_scene_by_blocks() with Split::kSpatial. The description has the
/// numbers of pixels, and the classes that a part lacks. Bands are standardised by the training
/// pixels alone, not by those around them in their patches.
///
/// Throws InputError as read_scene does, and for settings that do not fit a scene, a patch that is
/// larger than it, parts without pixels. REQUIRES: check_request(request), asks_for_scene(request).
DividedScene divide_scene(const Request& request);

/// The samples of a scene: a patch [bands, size, size] around each labelled pixel (cut_patches), in
/// the parts of divide_scene().
///
/// The cube is held once; each part's patches are cut when all of its pixels are known.
///
/// Throws InputError as divide_scene does, and for patches of more than 8 GiB in all.
/// REQUIRES: as divide_scene.
Dataset load_scene(const Request& request);

}  // namespace pare::data
