#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/dataset.h"
#include "data/scene.h"
#include "graph/evaluate.h"
#include "graph/graph.h"
#include "metrics/classification.h"

namespace pare::cli {

enum class SplitName { kTest, kValidation };

/// One split of the data that a recipe names.
struct SplitData {
  std::string set;          ///< name of the data set
  std::string description;  ///< says so where data are simulated or synthetic
  std::vector<std::string> classes;
  data::Samples samples;  ///< raw inputs
};

/// Reads the recipe and its data. Throws InputError as recipe::read and data::load do, and if the
/// split has no samples.
SplitData load_split(const std::string& recipe_path, SplitName split);

/// What a network must fit.
struct SampleKind {
  std::string set;  ///< name of the data set
  Shape shape;      ///< of a sample
  std::vector<std::string> classes;
};

/// Throws InputError, with `model` as the model's name, unless the network takes such samples,
/// gives one output a class, and names the same classes in the same order if it names any.
void check_fits(const graph::Graph& graph, const std::string& model, const SampleKind& kind);
void check_fits(const graph::Graph& graph, const std::string& model, const SplitData& data);
/// Of patches [bands, patch, patch] of a scene.
void check_fits(const graph::Graph& graph, const std::string& model, const data::Scene& scene,
                std::int64_t patch);

/// Whether a batch norm uses the statistics of its batch, so that what the network says of a sample
/// depends on the others.
bool has_batch_statistics(const graph::Graph& graph);

/// What `evaluate_in_batches` calls: the number of the batch's first sample, and one evaluation of
/// it a graph.
using TakeBatch = std::function<void(std::int64_t, std::span<const graph::Evaluation>)>;

/// Evaluates raw samples in batches with each of some graphs, the named wires traced. If one of
/// them has a batch norm that uses the statistics of its batch, the only batch is all samples.
/// `progress` may be empty.
void evaluate_in_batches(std::span<const graph::Graph* const> graphs, const data::Samples& samples,
                         std::span<const std::string> wires, const ProgressSink& progress,
                         const TakeBatch& take);

/// Metrics of outputs, float64 [N, classes], of a graph.
metrics::Classification classify_outputs(const graph::Graph& graph,
                                         const std::vector<double>& outputs,
                                         std::span<const std::int64_t> labels);

}  // namespace pare::cli
