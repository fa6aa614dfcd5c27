#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <torch/types.h>

#include "graph/graph.h"

namespace pare::train {

/// How far a run has come: `epoch` epochs of stage `stage` are done. Everything that decides what
/// happens next, but for tensors.
struct Position {
  int stage = 0;
  int epoch = 0;
  double best_loss = std::numeric_limits<double>::infinity();
  int best_epoch = -1;  ///< in this stage; -1: none yet
  int epochs_since_best = 0;
  bool is_finished = false;
  bool is_mixed = false;            ///< resumed under another environment once
  int total_epochs = 0;             ///< of all stages so far
  std::uint64_t metrics_bytes = 0;  ///< length of metrics.jsonl at this point
  std::uint64_t events_bytes = 0;   ///< length of the TensorBoard file at this point

  static void fields(auto& self, auto&& f) {
    f("stage", self.stage);
    f("epoch", self.epoch);
    f("best_loss", self.best_loss);
    f("best_epoch", self.best_epoch);
    f("epochs_since_best", self.epochs_since_best);
    f("is_finished", self.is_finished);
    f("is_mixed", self.is_mixed);
    f("total_epochs", self.total_epochs);
    f("metrics_bytes", self.metrics_bytes);
    f("events_bytes", self.events_bytes);
  }
  friend bool operator==(const Position&, const Position&) = default;
};

/// What bit-identical results depend on beside the recipe (design: determinism).
struct Environment {
  std::string device;
  int threads = 1;
  std::string torch_version;
  std::string cpu;  ///< instruction set that torch's kernels use

  friend bool operator==(const Environment&, const Environment&) = default;
};

/// Of this process.
Environment current_environment();

/// One line of what differs, "" if nothing does.
std::string difference(const Environment& before, const Environment& now);

/// A run that can go on after a kill as if nothing had happened.
struct Checkpoint {
  Position position;
  Environment environment;
  graph::Graph graph;                ///< of the stage, with its current parameters
  std::optional<graph::Graph> best;  ///< the same with the best epoch's parameters
  std::map<std::string, torch::Tensor> optimizer;
};

/// Atomic: a crash or a full disk leaves the former checkpoint. Throws InputError if it can't be
/// written.
void save_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Throws InputError naming the file if it is damaged.
Checkpoint load_checkpoint(const std::string& path);

}  // namespace pare::train
