// The cells of a grid as trials: which of them are to be run, and what came out of all.
#include "search/sweep.h"

#include <algorithm>
#include <deque>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "search/journal.h"
#include "search/results.h"
#include "search/trial_runner.h"

namespace pare::search {
namespace {

Trial to_trial(const Cell& cell) {
  nlohmann::json parameters = {{"label", cell.label}, {"overrides", cell.overrides}};
  return {.key = cell.key, .name = cell.name, .parameters = std::move(parameters)};
}

/// What the sweep is about, for reports.
void describe_sweep(const Grid& grid, const std::string& path) {
  const nlohmann::ordered_json description = {{"name", grid.name},
                                              {"description", grid.description},
                                              {"recipe", grid.recipe.name},
                                              {"recipe_description", grid.recipe.description},
                                              {"data_set", grid.recipe.data.set},
                                              {"data_train", grid.recipe.data.train}};
  write_file_atomic(path, description.dump(2) + "\n");
}

class Sweep {
 public:
  Sweep(const Grid& grid, const SweepOptions& options);

  /// Runs until nothing is left to do or a signal asks to stop. Returns whether one did.
  bool run();

  /// Where it stands; writes the tables.
  SweepResult conclude(bool is_stopped) const;

 private:
  std::optional<TrialJob> next();
  void report() const;

  const Grid* grid_;
  const SweepOptions* options_;
  TrialRunner runner_;
  std::deque<const Cell*> waiting_;
  std::int64_t wanted_ = 0;
  int failed_before_ = 0;
};

Sweep::Sweep(const Grid& grid, const SweepOptions& options)
    : grid_(&grid),
      options_(&options),
      runner_({.out = options.out,
               .runs = "cells",
               .recipe_path = grid.recipe_path,
               .workers = options.workers,
               .program = options.program,
               .environment = options.environment}) {
  Journal& journal = runner_.journal();
  std::vector<Trial> trials;
  for (const Cell& cell : grid.cells) trials.push_back(to_trial(cell));
  journal.add(trials);
  describe_sweep(grid, options.out + "/sweep.json");
  const std::vector<Cell> wanted = cells_matching(grid, options.only);
  for (const Cell& cell : grid.cells) {
    const bool is_wanted = std::any_of(wanted.begin(), wanted.end(),
                                       [&](const Cell& other) { return other.key == cell.key; });
    if (!is_wanted) continue;
    ++wanted_;
    TrialStatus status = journal.find(cell.key)->status;
    if (status == TrialStatus::kFailed && options.is_retrying) {
      journal.retry(cell.key);
      status = TrialStatus::kPending;
    }
    if (status == TrialStatus::kPending) waiting_.push_back(&cell);
    failed_before_ += status == TrialStatus::kFailed ? 1 : 0;
  }
}

bool Sweep::run() {
  return runner_.run([this] { return next(); }, [this] { report(); });
}

std::optional<TrialJob> Sweep::next() {
  if (waiting_.empty()) return std::nullopt;
  const Cell& cell = *waiting_.front();
  waiting_.pop_front();
  return TrialJob{cell.key, cell.name, cell.overrides, cell.threads};
}

void Sweep::report() const {
  if (!options_->progress) return;
  const int failed = failed_before_ + runner_.num_failed();
  std::string detail = fmt::format("{} running", runner_.num_running());
  if (failed > 0) detail += fmt::format("  {} failed", failed);
  const auto left = static_cast<std::int64_t>(waiting_.size()) + runner_.num_running();
  options_->progress({.what = "sweep " + grid_->name,
                      .done = wanted_ - left,
                      .total = wanted_,
                      .unit = "cells",
                      .detail = detail});
}

SweepResult Sweep::conclude(bool is_stopped) const {
  SweepResult result;
  result.total = static_cast<int>(grid_->cells.size());
  result.is_stopped = is_stopped;
  for (const Cell& cell : grid_->cells) {
    const Trial trial = *runner_.journal().find(cell.key);
    result.done += trial.status == TrialStatus::kDone ? 1 : 0;
    result.pending += trial.status == TrialStatus::kPending ? 1 : 0;
    if (trial.status == TrialStatus::kFailed) result.failed.push_back({cell.name, trial.error});
  }
  const StagesOfCell stages_of = [this](const Cell& cell) {
    return runner_.journal().find(cell.key)->results;
  };
  result.results = tabulate(*grid_, stages_of);
  result.summary = summarise(*grid_, stages_of);
  write_file_atomic(options_->out + "/results.csv", to_csv(result.results));
  write_file_atomic(options_->out + "/summary.csv", to_csv(result.summary));
  return result;
}

}  // namespace

SweepResult run_sweep(const Grid& grid, const SweepOptions& options) {
  Sweep sweep(grid, options);
  const bool is_stopped = sweep.run();
  return sweep.conclude(is_stopped);
}

}  // namespace pare::search
