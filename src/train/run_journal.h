#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/event_file.h"
#include "base/run_log.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"
#include "train/stage_trainer.h"

namespace pare::train {

/// What a run writes down as it goes: metrics.jsonl and the TensorBoard file. Both are cut back to
/// the checkpoint's lengths when a run is resumed, so that no line is there twice.
class RunJournal {
 public:
  /// Opens the files at the position's lengths (anew at 0).
  RunJournal(const RunFolder& folder, const Position& position);

  /// An "epoch" line, and its scalars at TensorBoard's `step`. `seconds` is the one field that
  /// differs between equal runs.
  void epoch(const std::string& stage, int epoch, int step, const EpochResult& result,
             double seconds);

  /// Any other line ("stage_end").
  void line(const nlohmann::json& object);

  /// Notes the current lengths in the position.
  void mark(Position& position) const;

 private:
  MetricsLog metrics_;
  EventFile events_;
};

}  // namespace pare::train
