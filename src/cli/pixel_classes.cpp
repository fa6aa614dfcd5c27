#include "cli/pixel_classes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/model_run.h"
#include "cli/program_run.h"
#include "data/patches.h"
#include "graph/evaluate.h"
#include "metrics/accuracy.h"

namespace pare::cli {
namespace {

/// What patches of one batch take at most, as float32, double and codes of 64 bits at once.
constexpr std::int64_t kPatchBytes = std::int64_t{64} << 20;
constexpr std::int64_t kBytesOfElement = 4 + 8 + 8;
constexpr std::int64_t kMostPatches = 4096;
/// Of a float graph all wires of a batch are held in double.
constexpr std::int64_t kPatchesOfGraph = 64;

/// What a model says of raw samples [N, …]: row-major [N, classes].
using Answers = std::function<std::vector<double>(const Tensor& raw)>;

Answers answers_of_program(const model::Deployment& deployment, std::size_t num_threads) {
  const auto runner = std::make_shared<ProgramRunner>(deployment, num_threads);
  return [runner](const Tensor& raw) {
    std::vector<double> values(raw.size() / runner->sample_size() * runner->width());
    runner->run(raw.to_doubles(), values);
    return values;
  };
}

Answers answers_of_graph(const graph::Graph& graph) {
  if (has_batch_statistics(graph)) {
    throw InputError(
        "a batch norm of the network uses the statistics of its batch, so that a pixel's class "
        "would "
        "depend on those that are asked with it; train it with running statistics");
  }
  return [&graph](const Tensor& raw) {
    return graph::evaluate(graph, graph::map_input(graph, raw)).to_doubles();
  };
}

std::int64_t patches_of_batch(const model::Model& model, std::int64_t elements) {
  if (!model.deployment) return kPatchesOfGraph;
  return std::clamp<std::int64_t>(kPatchBytes / (elements * kBytesOfElement), 1, kMostPatches);
}

}  // namespace

Tensor classify_pixels(const model::Model& model, const Tensor& cube, const PixelOptions& options,
                       const ProgressSink& progress) {
  const Answers answers = model.deployment
                              ? answers_of_program(*model.deployment, options.num_threads)
                              : answers_of_graph(model.graph);
  const std::int64_t batch = patches_of_batch(model, cube.dim(2) * options.patch * options.patch);
  const std::int64_t num_pixels = cube.dim(0) * cube.dim(1);
  Tensor result(DType::kI64, {cube.dim(0), cube.dim(1)});
  for (std::int64_t first = 0; first < num_pixels; first += batch) {
    std::vector<std::int64_t> pixels(static_cast<std::size_t>(std::min(batch, num_pixels - first)));
    std::iota(pixels.begin(), pixels.end(), first);
    const std::vector<double> values = answers(data::cut_patches(cube, options.patch, pixels));
    // Rounded to float32 first, as metrics are: ties fall as they do there.
    const std::vector<float> scores(values.begin(), values.end());
    const auto classes = metrics::predictions({scores, scores.size() / pixels.size()});
    std::copy(classes.begin(), classes.end(),
              result.as<std::int64_t>().subspan(static_cast<std::size_t>(first)).begin());
    if (progress) {
      progress({"map", first + static_cast<std::int64_t>(pixels.size()), num_pixels, "pixels", ""});
    }
  }
  return result;
}

}  // namespace pare::cli
