#pragma once

#include <string>

#include "recipe/recipe.h"

namespace pare::train {

/// Where a run keeps its files (docs/run_folder.md).
struct RunFolder {
  std::string path;

  std::string recipe() const { return path + "/recipe.toml"; }
  std::string metrics() const { return path + "/metrics.jsonl"; }
  std::string events() const { return path + "/events.out.tfevents.pare"; }
  std::string checkpoint() const { return path + "/checkpoint/latest.safetensors"; }
  std::string stage_model(const std::string& stage) const {
    return path + "/stages/" + stage + ".pare";
  }
  std::string model() const { return path + "/model.pare"; }
  std::string log() const { return path + "/log.txt"; }
};

/// Whether the folder holds a checkpoint to go on from.
bool has_checkpoint(const RunFolder& folder);

/// Makes the folder ready for a run of `recipe` and writes the resolved recipe into it.
/// Throws InputError if it cannot be made; if it already holds a run and the run is not to be
/// resumed; or if it holds a run of another recipe (naming the first line that differs).
void prepare(const RunFolder& folder, const recipe::Recipe& recipe, bool is_resumed);

/// Where a run goes that was not told where: to go on, runs/NAME; else the first of runs/NAME,
/// runs/NAME-2, … that does not exist.
std::string default_folder(const std::string& name, bool is_resumed);

}  // namespace pare::train
