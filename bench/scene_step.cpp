// One training step of the CNN of a scene, and of the spiking network that it becomes, each by
// pare and in plain libtorch.
//
//   scene_step [RECIPE] [--bands B] [--classes C] [--batch N] [--rounds R] [--threads T] [--json]
//
// RECIPE (recipes/salinas-a.toml) has the layers, the patch and the batch size; the spiking network
// is the one of its stage with [stage.spike], with thresholds from random samples. A step is
// zero_grad, forward, cross entropy, backward and Adam. libtorch's spiking network is a chain of
// tensor operations with the same parameters; that it computes the same is checked first. All take
// turns, so that they see the same machine; ratios are medians of those of the rounds. Memory is
// the tensors that are alive at once beyond those before the step.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <torch/torch.h>

#include "base/error.h"
#include "compress/spike_thresholds.h"
#include "graph/edit.h"
#include "rewrite/cnn.h"
#include "rewrite/spike.h"
#include "spiking_chain.h"
#include "tensor_memory.h"
#include "train/threads.h"
#include "training_step.h"

namespace {

using pare::InputError;
using pare::bench::Batch;
using pare::bench::PareTraining;
using pare::bench::TorchTraining;
using pare::graph::Graph;
using torch::Tensor;

struct Problem {
  pare::recipe::Model model = {};
  pare::recipe::Spike spike = {};
  std::int64_t bands = 204;
  std::int64_t classes = 6;
  std::int64_t patch = 5;
  std::int64_t batch = 32;

  std::vector<std::int64_t> shape(std::int64_t samples) const {
    return {samples, bands, patch, patch};
  }
  Batch random_batch() const {
    return {torch::randn(shape(batch)), torch::randint(classes, {batch}, torch::kInt64)};
  }
};

Problem read_problem(const std::string& path) {
  const pare::recipe::Recipe recipe = pare::recipe::read(path);
  Problem problem{.model = recipe.model, .patch = recipe.data.patch};
  problem.batch = recipe.stages.front().train.batch_size;
  const auto stage = std::find_if(recipe.stages.begin(), recipe.stages.end(),
                                  [](const auto& s) { return s.spike.has_value(); });
  const auto& convolutions = recipe.model.convolutions;
  const bool is_plain = std::all_of(convolutions.begin(), convolutions.end(), [](const auto& c) {
    return c.pool == pare::recipe::Pool::kNone && c.groups == 1 && !c.pads.empty();
  });
  const bool has_chain = stage != recipe.stages.end() && is_plain && recipe.model.hidden.empty() &&
                         recipe.model.spatial_axes == 3 && !recipe.model.bias;
  if (!has_chain) {
    throw InputError(path +
                     ": expected a stage with [stage.spike], and convolutions over three "
                     "axes with pads, without groups, pooling, bias or hidden layers");
  }
  problem.spike = *stage->spike;
  return problem;
}

/// Lists of three numbers; one stands for all.
std::vector<std::int64_t> of_axes(const std::vector<std::int64_t>& list) {
  return list.size() == 1 ? std::vector<std::int64_t>(3, list.front()) : list;
}

/// The CNN in plain libtorch. Samples have no channel axis.
torch::nn::Sequential torch_cnn(const Problem& problem, std::int64_t features) {
  torch::nn::Sequential layers(
      torch::nn::Unflatten(torch::nn::UnflattenOptions(1, {1, problem.bands})));
  std::int64_t from = 1;
  for (const pare::recipe::Convolution& c : problem.model.convolutions) {
    layers->push_back(
        torch::nn::Conv3d(torch::nn::Conv3dOptions(from, c.channels, of_axes(c.kernel))
                              .stride(of_axes(c.stride))
                              .padding(of_axes(c.pads))
                              .bias(false)));
    layers->push_back(torch::nn::ReLU());
    from = c.channels;
  }
  layers->push_back(torch::nn::Flatten());
  layers->push_back(
      torch::nn::Linear(torch::nn::LinearOptions(features, problem.classes).bias(false)));
  return layers;
}

Tensor parameter(const Graph& graph, const std::string& name) {
  const auto id = pare::graph::find_parameter(graph, name);
  pare::check(id.has_value(), "no parameter " + name);
  const pare::Tensor& stored = graph.parameter(*id).stored;
  Tensor result = torch::empty(stored.shape());
  std::copy_n(stored.as<float>().data(), stored.size(), result.data_ptr<float>());
  return result;
}

/// The spiking network as a chain of tensor operations.
torch::nn::Sequential torch_snn(const Problem& problem, const Graph& graph) {
  std::vector<pare::bench::ChainLayer> layers;
  for (const pare::recipe::Convolution& c : problem.model.convolutions) {
    const std::string name = "conv" + std::to_string(layers.size() + 1);
    layers.push_back({name, parameter(graph, name + ".weight"), of_axes(c.stride), of_axes(c.pads),
                      parameter(graph, name + ".threshold"), parameter(graph, name + ".leak")});
  }
  layers.push_back({"output", parameter(graph, "output.weight")});
  return torch::nn::Sequential(
      torch::nn::Unflatten(torch::nn::UnflattenOptions(1, {1, problem.bands})),
      pare::bench::SpikingChain(std::move(layers), problem.spike.steps));
}

/// Gradients by the parameters' names in the chain, without the module's prefix.
std::map<std::string, Tensor> gradients_of(const TorchTraining& training) {
  std::map<std::string, Tensor> gradients;
  for (const auto& of : training.network()->named_parameters()) {
    gradients[of.key().substr(of.key().rfind('.') + 1)] = of.value().grad();
  }
  return gradients;
}

/// Whether the last step's gradients are those of the same network. A float32 sum may lie on either
/// side of a threshold, and a spike more or less moves all behind it: a few in a million moved the
/// first layer's gradient by 3 %; another network's gradients have nothing in common.
void check_same(const PareTraining& ours, const TorchTraining& theirs) {
  const auto expected = gradients_of(theirs);
  std::vector<Tensor> parts;
  for (const pare::nn::Slice& slice : ours.network().slices()) {
    std::string name = slice.name;
    std::replace(name.begin(), name.end(), '.', '_');
    parts.push_back(expected.at(name).flatten());
  }
  pare::check(parts.size() == expected.size(), "the two spiking networks have other parameters");
  const Tensor b = torch::cat(parts);
  const double distance = ((ours.network().gradients() - b).norm() / b.norm()).item<double>();
  pare::check(distance < 0.1,
              fmt::format("gradients of the spiking networks differ by {}", distance));
}

struct Contender {
  std::string name;
  std::function<void(const Batch&)> step;
  std::vector<double> us = {};
  std::int64_t bytes = 0;
};

/// pare's CNN, libtorch's, pare's spiking network, the chain.
std::vector<Contender> measure(const Problem& problem, int rounds) {
  const Graph graph = pare::rewrite::network(
      problem.model, {problem.bands, problem.patch, problem.patch},
      std::vector<std::string>(static_cast<std::size_t>(problem.classes)), 1);
  const Graph spiking = pare::compress::balance_thresholds(
      pare::rewrite::spike(graph, problem.spike), problem.spike, torch::randn(problem.shape(32)));
  PareTraining cnn(graph);
  TorchTraining other_cnn(torch_cnn(problem, parameter(graph, "output.weight").size(1)));
  PareTraining snn(spiking);
  TorchTraining chain(torch_snn(problem, spiking));
  const Batch first = problem.random_batch();
  snn.step(first);
  chain.step(first);
  check_same(snn, chain);

  std::vector<Contender> all = {{"pare, CNN", [&](const Batch& b) { cnn.step(b); }},
                                {"libtorch, CNN", [&](const Batch& b) { other_cnn.step(b); }},
                                {"pare, spiking", [&](const Batch& b) { snn.step(b); }},
                                {"libtorch, chain", [&](const Batch& b) { chain.step(b); }}};
  std::vector<std::function<void(const Batch&)>> steps;
  for (const Contender& one : all) steps.push_back(one.step);
  auto times = pare::bench::times_in_turn(
      rounds, [&](std::int64_t) { return problem.random_batch(); }, steps);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].us = std::move(times[i]);
  for (Contender& one : all) {
    // The first makes what stays: gradients, caches.
    pare::bench::peak_tensor_bytes([&] { one.step(first); });
    one.bytes = pare::bench::peak_tensor_bytes([&] { one.step(first); });
  }
  return all;
}

struct Ratios {
  double to_cnn;    ///< pare's spiking network / the faster CNN
  double of_chain;  ///< the chain / pare's spiking network
  double memory;    ///< of pare's spiking network / of the chain
};

Ratios ratios_of(const std::vector<Contender>& all) {
  std::vector<double> to_cnn;
  std::vector<double> of_chain;
  for (std::size_t i = 0; i < all.front().us.size(); ++i) {
    to_cnn.push_back(all[2].us[i] / std::min(all[0].us[i], all[1].us[i]));
    of_chain.push_back(all[3].us[i] / all[2].us[i]);
  }
  return {pare::bench::median(to_cnn), pare::bench::median(of_chain),
          static_cast<double>(all[2].bytes) / static_cast<double>(all[3].bytes)};
}

void print_table(const std::vector<Contender>& all, const Ratios& ratios) {
  for (const Contender& one : all) {
    fmt::print("  {:<16}{:9.1f} ms{:9.1f} MB\n", one.name, pare::bench::median(one.us) / 1e3,
               static_cast<double>(one.bytes) / 1e6);
  }
  fmt::print("  spiking / faster CNN {:6.2f}\n  chain / spiking      {:6.2f}\n", ratios.to_cnn,
             ratios.of_chain);
  fmt::print("  memory / the chain's {:6.2f}\n", ratios.memory);
}

void print_json(const std::vector<Contender>& all, const Ratios& ratios) {
  nlohmann::json steps = nlohmann::json::array();
  for (const Contender& one : all) {
    steps.push_back(
        {{"name", one.name}, {"us", pare::bench::median(one.us)}, {"bytes", one.bytes}});
  }
  fmt::print("{}\n", nlohmann::json({{"bench", "scene_step"},
                                     {"steps", steps},
                                     {"spiking_to_cnn", ratios.to_cnn},
                                     {"chain_to_spiking", ratios.of_chain},
                                     {"memory_to_chain", ratios.memory}})
                         .dump());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A training step of a scene's CNN and of its spiking network");
  std::string path = "recipes/salinas-a.toml";
  Problem sizes{.batch = 0};
  bool is_json = false;
  int rounds = 20;
  int threads = 1;
  app.add_option("recipe", path, "Layers, patch, batch size and the spiking stage");
  app.add_flag("--json", is_json, "One JSON object");
  app.add_option("--bands", sizes.bands, "Bands of a sample")->check(CLI::Range(1, 4096));
  app.add_option("--classes", sizes.classes, "Classes")->check(CLI::Range(2, 4096));
  app.add_option("--batch", sizes.batch, "Samples of a batch; 0: the recipe's")
      ->check(CLI::Range(0, 65536));
  app.add_option("--rounds", rounds, "Steps of each")->check(CLI::Range(4, 1000000));
  app.add_option("--threads", threads, "Threads of torch and the BLAS")->check(CLI::Range(1, 256));
  CLI11_PARSE(app, argc, argv);
  try {
    torch::manual_seed(1);
    pare::train::set_threads(threads);
    Problem problem = read_problem(path);
    problem.bands = sizes.bands;
    problem.classes = sizes.classes;
    if (sizes.batch > 0) problem.batch = sizes.batch;
    const std::vector<Contender> all = measure(problem, rounds);
    if (is_json) {
      print_json(all, ratios_of(all));
      return 0;
    }
    fmt::print("{}: {} bands, {} classes, batches of {}, {} steps, {} thread(s), medians of {}\n",
               path, problem.bands, problem.classes, problem.batch, problem.spike.steps, threads,
               rounds);
    print_table(all, ratios_of(all));
  } catch (const InputError& error) {
    fmt::print(stderr, "scene_step: {}\n", error.what());
    return 3;
  }
  return 0;
}
