#pragma once

#include "data/catalogue.h"
#include "data/request.h"
#include "data/scene.h"

namespace pare::data {

/// Whether a request is for a scene: a file of the user's, or a set of the catalogue that is one.
/// Throws InputError for a name that no set has.
bool asks_for_scene(const Request& request);

/// The scene of a request. A file with named arrays is asked for the request's `inputs` (of labels:
/// `labels`), and where it has no array of that name for the only one that it has. The axes of a
/// cube are rows, columns, bands, or as the request's `axes` say, a permutation of "HWC".
/// Throws InputError naming file and array: files missing or broken, and what make_scene refuses.
Scene read_scene(const Request& request);

/// The same of a set of the catalogue. Throws InputError too if a cube has another shape than the
/// catalogue says. REQUIRES: set.scene.
Scene read_set_scene(const CatalogueSet& set);

}  // namespace pare::data
