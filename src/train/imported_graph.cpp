#include "train/imported_graph.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "graph/check.h"
#include "graph/infer.h"
#include "interop/onnx_import.h"
#include "model/model.h"

namespace pare::train {
namespace {

/// Puts x = (raw - mean) / scale in front of what a graph's input does already.
void prepend(graph::Input& input, const std::vector<double>& mean,
             const std::vector<double>& scale) {
  const auto channels = static_cast<std::size_t>(input.shape.front());
  if (input.mean.empty()) input.mean.assign(channels, 0);
  if (input.scale.empty()) input.scale.assign(channels, 1);
  for (std::size_t c = 0; c < channels; ++c) {
    const double m = mean.empty() ? 0 : mean[mean.size() == 1 ? 0 : c];
    const double s = scale.empty() ? 1 : scale[scale.size() == 1 ? 0 : c];
    input.mean[c] = m + s * input.mean[c];
    input.scale[c] *= s;
  }
}

graph::Graph read_graph(const std::string& path) {
  if (interop::is_onnx_path(path)) return interop::import_onnx(path).graph;
  return model::load(path).graph;
}

bool is_standardised(const graph::Input& input) {
  return std::any_of(input.mean.begin(), input.mean.end(), [](double m) { return m != 0; }) ||
         std::any_of(input.scale.begin(), input.scale.end(), [](double s) { return s != 1; });
}

}  // namespace

graph::Graph imported_graph(const recipe::Recipe& recipe, const ImportData& data) {
  const std::filesystem::path given = recipe.model.import;
  const std::string path = recipe.base_folder.empty()
                               ? given.string()
                               : (std::filesystem::path(recipe.base_folder) / given).string();
  graph::Graph graph = read_graph(path);
  graph::Input& input = graph.inputs.front();
  if (input.shape != data.sample_shape) {
    throw InputError(fmt::format("{}: its samples are {}, those of the data {}", path,
                                 to_string(input.shape), to_string(data.sample_shape)));
  }
  if (is_standardised(input) && !data.standardisation.mean.empty()) {
    throw InputError(fmt::format(
        "{}: its input is standardised by the network already, and [data] standardise would do it "
        "once more: set data.standardise = \"none\"",
        path));
  }
  const Shape output = graph::infer_shapes(graph).at(graph.output.value).shape;
  if (output != Shape{static_cast<std::int64_t>(data.classes.size())}) {
    throw InputError(fmt::format("{}: its output is {}; the data have {} classes", path,
                                 to_string(output), data.classes.size()));
  }
  prepend(input, {recipe.model.import_mean}, {recipe.model.import_scale});
  prepend(input, data.standardisation.mean, data.standardisation.scale);
  graph.head = {.kind = graph::HeadKind::kArgmax, .classes = data.classes};
  graph::check(graph);
  return graph;
}

}  // namespace pare::train
