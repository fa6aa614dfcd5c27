#include "cli/model_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/load.h"
#include "graph/infer.h"
#include "recipe/data_request.h"

namespace pare::cli {
namespace {

constexpr std::int64_t kBatchSamples = 4096;

/// Samples first … first + count - 1.
Tensor rows(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  Shape shape = tensor.shape();
  const auto row_bytes = tensor.bytes().size() / static_cast<std::size_t>(shape.front());
  shape.front() = count;
  Tensor result(tensor.dtype(), std::move(shape));
  const auto from = tensor.bytes().subspan(static_cast<std::size_t>(first) * row_bytes,
                                           static_cast<std::size_t>(count) * row_bytes);
  std::copy(from.begin(), from.end(), result.bytes().begin());
  return result;
}

bool ends_in_softmax(const graph::Graph& graph) {
  const auto last = graph::producer(graph, graph.output);
  return last && std::holds_alternative<graph::Softmax>(graph.nodes[*last].op);
}

}  // namespace

SplitData load_split(const std::string& recipe_path, SplitName split) {
  data::Dataset set = data::load(recipe::data_request(recipe::read(recipe_path)));
  SplitData result{std::move(set.name), std::move(set.description), std::move(set.classes),
                   std::move(split == SplitName::kTest ? set.test : set.validation)};
  if (result.samples.size() == 0) {
    throw InputError(fmt::format("{}: data '{}' have no {} samples; choose another --split",
                                 recipe_path, result.set,
                                 split == SplitName::kTest ? "test" : "validation"));
  }
  return result;
}

void check_fits(const graph::Graph& graph, const std::string& model, const SampleKind& kind) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("{} does not fit data '{}': {}", model, kind.set, what));
  };
  if (graph.inputs.size() != 1) {
    fail(fmt::format("the network has {} inputs, expected 1", graph.inputs.size()));
  }
  if (kind.shape != graph.inputs.front().shape) {
    fail(fmt::format("a sample is {}, the network takes {}", to_string(kind.shape),
                     to_string(graph.inputs.front().shape)));
  }
  const Shape output = graph::infer_shapes(graph).at(graph.output.value).shape;
  const Shape expected{static_cast<std::int64_t>(kind.classes.size())};
  if (output != expected) {
    fail(fmt::format("the network's output is {}, but there are {} classes", to_string(output),
                     kind.classes.size()));
  }
  if (!graph.head.classes.empty() && graph.head.classes != kind.classes) {
    fail(fmt::format("the network's classes are {}, those of the data {}",
                     fmt::join(graph.head.classes, ", "), fmt::join(kind.classes, ", ")));
  }
}

void check_fits(const graph::Graph& graph, const std::string& model, const data::Scene& scene,
                std::int64_t patch) {
  check_fits(
      graph, model,
      SampleKind{
          .set = scene.name, .shape = {scene.cube.dim(2), patch, patch}, .classes = scene.classes});
}

void check_fits(const graph::Graph& graph, const std::string& model, const SplitData& data) {
  const Shape& shape = data.samples.inputs.shape();
  check_fits(graph, model,
             SampleKind{.set = data.set,
                        .shape = Shape(shape.begin() + 1, shape.end()),
                        .classes = data.classes});
}

bool has_batch_statistics(const graph::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const graph::Node& node) {
    const auto* norm = std::get_if<graph::BatchNorm>(&node.op);
    return norm != nullptr && !norm->mean;
  });
}

void evaluate_in_batches(std::span<const graph::Graph* const> graphs, const data::Samples& samples,
                         std::span<const std::string> wires, const ProgressSink& progress,
                         const TakeBatch& take) {
  const std::int64_t size = samples.size();
  const bool needs_all = std::any_of(graphs.begin(), graphs.end(), [](const graph::Graph* graph) {
    return has_batch_statistics(*graph);
  });
  const std::int64_t batch = needs_all ? size : kBatchSamples;
  std::vector<graph::Evaluation> evaluations(graphs.size());
  for (std::int64_t first = 0; first < size; first += batch) {
    const std::int64_t count = std::min(batch, size - first);
    const Tensor raw = rows(samples.inputs, first, count);
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      const Tensor inputs = graph::map_input(*graphs[i], raw);
      evaluations[i] = graph::evaluate_traced(*graphs[i], inputs, wires);
    }
    take(first, evaluations);
    if (progress) progress({"evaluate", first + count, size, "samples", ""});
  }
}

metrics::Classification classify_outputs(const graph::Graph& graph,
                                         const std::vector<double>& outputs,
                                         std::span<const std::int64_t> labels) {
  return metrics::classify_outputs(outputs, outputs.size() / labels.size(), ends_in_softmax(graph),
                                   labels);
}

}  // namespace pare::cli
