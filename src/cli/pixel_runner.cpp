#include "cli/pixel_runner.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "cli/model_run.h"
#include "cli/program_run.h"
#include "data/patches.h"
#include "graph/evaluate.h"

namespace pare::cli {
namespace {

/// What patches of one batch take at most, as float32, double and codes of 64 bits at once.
constexpr std::int64_t kPatchBytes = std::int64_t{64} << 20;
constexpr std::int64_t kBytesOfElement = 4 + 8 + 8;
constexpr std::int64_t kMostPatches = 4096;
/// Of a float graph all wires of a batch are held in double.
constexpr std::int64_t kPatchesOfGraph = 64;

/// What a model says of raw samples [N, …]: row-major [N, outputs].
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
        "would depend on those that are asked with it; train it with running statistics");
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

PixelRunner::PixelRunner(const model::Model& model, const Tensor& cube, const PixelOptions& options)
    : cube_(&cube),
      patch_(options.patch),
      batch_size_(patches_of_batch(model, cube.dim(2) * options.patch * options.patch)),
      answers_(model.deployment ? answers_of_program(*model.deployment, options.num_threads)
                                : answers_of_graph(model.graph)) {}

std::vector<double> PixelRunner::run(std::span<const std::int64_t> pixels) const {
  return answers_(data::cut_patches(*cube_, patch_, pixels));
}

std::vector<double> run_on_pixels(const model::Model& model, const Tensor& cube,
                                  std::span<const std::int64_t> pixels, const PixelOptions& options,
                                  const ProgressSink& progress) {
  const PixelRunner runner(model, cube, options);
  const auto batch = static_cast<std::size_t>(runner.batch_size());
  std::vector<double> all;
  for (std::size_t first = 0; first < pixels.size(); first += batch) {
    const std::size_t count = std::min(batch, pixels.size() - first);
    const std::vector<double> values = runner.run(pixels.subspan(first, count));
    all.insert(all.end(), values.begin(), values.end());
    if (progress) {
      progress({"evaluate", static_cast<std::int64_t>(first + count),
                static_cast<std::int64_t>(pixels.size()), "samples", ""});
    }
  }
  return all;
}

}  // namespace pare::cli
