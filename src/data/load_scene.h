#pragma once

#include "data/dataset.h"
#include "data/request.h"

namespace pare::data {

/// The samples of a scene: a patch [bands, size, size] around each labelled pixel (cut_patches).
/// Split::kStratified divides its labelled pixels by split_scene_at_random(), Split::kSpatial by
/// split_scene_by_blocks(); the training part is then cut to max_train_samples. Bands are
/// standardised by the training samples' own pixels, those in the middle of their patches. What the
/// split did is said in the description: numbers of pixels, classes that a part lacks.
///
/// The cube is held once; each part's patches are cut when all of its pixels are known.
///
/// Throws InputError as read_scene does, and for settings that do not fit a scene, a patch that is
/// larger than it, parts without pixels, patches of more than 8 GiB in all.
/// REQUIRES: asks_for_scene(request).
Dataset load_scene(const Request& request);

}  // namespace pare::data
