#include "data/scene_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "data/array_file.h"
#include "data/axes.h"
#include "data/envi.h"
#include "data/source.h"
#include "data/synthetic_scene.h"
#include "data/user_file.h"

namespace pare::data {
namespace {

constexpr std::string_view kCubeAxes = "HWC";

/// An array of a file, with what messages call it and, of an ENVI file, the names of its bands.
struct Grid {
  Tensor values;
  std::string origin;
  std::vector<std::string> bands = {};
};

Grid read_grid(const std::string& path, const std::string& wanted) {
  if (extension(path) == ".hdr") {
    EnviCube cube = read_envi(path);
    return {.values = std::move(cube.values), .origin = path, .bands = std::move(cube.band_names)};
  }
  if (!has_named_arrays(path)) return {.values = read_array(path, ""), .origin = path};
  const ArrayFile file(path);
  const bool is_only = !file.has(wanted) && file.names().size() == 1;
  const std::string name = is_only ? file.names().front() : wanted;
  return {.values = file.read(name), .origin = origin_of_array(path, name)};
}

/// The cube with its axes as rows, columns, bands.
Tensor bands_last(Tensor cube, const std::string& axes, const std::string& origin) {
  if (axes.empty()) return cube;
  if (!std::is_permutation(axes.begin(), axes.end(), kCubeAxes.begin(), kCubeAxes.end())) {
    throw InputError(
        fmt::format("data.axes: \"{}\", but of a scene the letters H (rows), W "
                    "(columns) and C (bands), each once, as \"CHW\"",
                    axes));
  }
  if (cube.rank() != axes.size()) {
    throw InputError(fmt::format("{}: shape {} has {} axes, but data.axes = \"{}\" names {}",
                                 origin, to_string(cube.shape()), cube.rank(), axes, axes.size()));
  }
  std::vector<std::size_t> order;
  for (const char letter : kCubeAxes) order.push_back(axes.find(letter));
  return std::is_sorted(order.begin(), order.end()) ? cube : permuted(cube, order);
}

Scene read_user_scene(const Request& request) {
  const std::string cube_path = user_file(request.cube, request);
  if (request.label_map.empty() && !has_named_arrays(cube_path)) {
    throw InputError(fmt::format(
        "{}: a cube without labels; give the file of its labels as data.label_map", cube_path));
  }
  Grid cube = read_grid(cube_path, request.inputs);
  Grid labels = request.label_map.empty()
                    ? Grid{.values = read_array(cube_path, request.labels),
                           .origin = origin_of_array(cube_path, request.labels)}
                    : read_grid(user_file(request.label_map, request), request.labels);
  cube.values = bands_last(std::move(cube.values), request.axes, cube.origin);
  const std::string name = std::filesystem::path(request.cube).filename().string();
  return make_scene({.cube = std::move(cube.values),
                     .labels = std::move(labels.values),
                     .cube_origin = cube.origin,
                     .labels_origin = labels.origin,
                     .classes = request.classes,
                     .bands = std::move(cube.bands)},
                    name, fmt::format("the user's own scene ({})", name));
}

}  // namespace

bool asks_for_scene(const Request& request) {
  if (!request.cube.empty()) return true;
  return !request.set.empty() && find_set(request.set).scene.has_value();
}

Scene read_set_scene(const CatalogueSet& set) {
  check(set.scene.has_value(), "read_set_scene: no scene");
  const SceneSource& source = *set.scene;
  if (source.cube.file.empty()) return make_synthetic_scene(set);
  const std::string cube_path = set_file(source.cube.file, set);
  const std::string labels_path = set_file(source.labels.file, set);
  RawScene raw{.cube = read_array(cube_path, source.cube.array),
               .labels = read_array(labels_path, source.labels.array),
               .cube_origin = origin_of_array(cube_path, source.cube.array),
               .labels_origin = origin_of_array(labels_path, source.labels.array),
               .label_numbers = source.label_numbers,
               .classes = set.classes};
  if (raw.cube.shape() != source.shape) {
    throw InputError(fmt::format("{}: shape {}, but the cube of data set '{}' is {}; get it again",
                                 raw.cube_origin, to_string(raw.cube.shape()), set.name,
                                 to_string(source.shape)));
  }
  return make_scene(std::move(raw), set.name, set.description);
}

Scene read_scene(const Request& request) {
  if (request.set.empty()) return read_user_scene(request);
  const CatalogueSet set = find_set(request.set);
  Scene scene = read_set_scene(set);
  if (request.classes.empty()) return scene;
  if (request.classes.size() != scene.classes.size()) {
    throw InputError(fmt::format("data.classes: {} names, but data set '{}' has {} classes",
                                 request.classes.size(), set.name, scene.classes.size()));
  }
  scene.classes = request.classes;
  return scene;
}

}  // namespace pare::data
