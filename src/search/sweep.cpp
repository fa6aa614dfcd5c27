// A loop that waits for signals: starts cells while there is a free worker, notes in the journal
// how ended ones went, and stops all when asked to.
#include "search/sweep.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "search/journal.h"
#include "search/results.h"
#include "search/signal_events.h"
#include "search/sweep_lock.h"

namespace pare::search {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPollSeconds = 1;
constexpr std::chrono::seconds kGrace{10};  // from SIGTERM to SIGKILL
constexpr std::size_t kTailBytes = 2000;

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(fmt::format("{}: cannot make the folder: {}", path, error.message()));
}

std::string made_folder(const std::string& path) {
  make_folder(path);
  return path;
}

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
  struct RunningCell {
    const Cell* cell;
    Process worker;
  };

  std::string errors_path(const Cell& cell) const { return logs_ + "/" + cell.name + ".err"; }
  Command command_for(const Cell& cell) const;
  void start_waiting();
  void collect_ended();
  void note_end(const Cell& cell, const ProcessEnd& end);
  void stop_running(SignalEvents& events);
  void report() const;

  const Grid* grid_;
  const SweepOptions* options_;
  SweepLock lock_;
  Journal journal_;
  std::string cells_;
  std::string logs_;
  std::deque<const Cell*> waiting_;
  std::vector<RunningCell> running_;
  int ended_ = 0;
  int failed_ = 0;
};

Sweep::Sweep(const Grid& grid, const SweepOptions& options)
    : grid_(&grid),
      options_(&options),
      lock_(made_folder(options.out)),
      journal_(options.out + "/journal.sqlite"),
      cells_(made_folder(options.out + "/cells")),
      logs_(made_folder(options.out + "/logs")) {
  std::vector<Trial> trials;
  for (const Cell& cell : grid.cells) trials.push_back(to_trial(cell));
  journal_.add(trials);
  // The lock says that no worker is alive.
  journal_.give_back_running();
  describe_sweep(grid, options.out + "/sweep.json");
  const std::vector<Cell> wanted = cells_matching(grid, options.only);
  for (const Cell& cell : grid.cells) {
    const bool is_wanted = std::any_of(wanted.begin(), wanted.end(),
                                       [&](const Cell& other) { return other.key == cell.key; });
    if (!is_wanted) continue;
    TrialStatus status = journal_.find(cell.key)->status;
    if (status == TrialStatus::kFailed && options.is_retrying) {
      journal_.retry(cell.key);
      status = TrialStatus::kPending;
    }
    if (status == TrialStatus::kPending) {
      waiting_.push_back(&cell);
    } else {
      ++ended_;
      failed_ += status == TrialStatus::kFailed ? 1 : 0;
    }
  }
}

bool Sweep::run() {
  SignalEvents events;
  report();
  while (true) {
    start_waiting();
    if (running_.empty()) return false;
    if (events.wait(kPollSeconds) == SignalEvents::Event::kStop) {
      stop_running(events);
      return true;
    }
    collect_ended();
  }
}

Command Sweep::command_for(const Cell& cell) const {
  Command command{.arguments = options_->program,
                  .environment = options_->environment,
                  .output = logs_ + "/" + cell.name + ".out",
                  .errors = errors_path(cell)};
  const std::string folder = cells_ + "/" + cell.name;
  command.arguments.insert(command.arguments.end(),
                           {"run", grid_->recipe_path, "-o", folder, "--resume"});
  for (const std::string& override : cell.overrides) {
    command.arguments.insert(command.arguments.end(), {"--set", override});
  }
  command.environment.push_back(fmt::format("OMP_NUM_THREADS={}", cell.threads));
  return command;
}

void Sweep::start_waiting() {
  while (!waiting_.empty() && running_.size() < static_cast<std::size_t>(options_->workers)) {
    const Cell* cell = waiting_.front();
    waiting_.pop_front();
    journal_.start(cell->key);
    try {
      running_.push_back({cell, Process(command_for(*cell))});
    } catch (const InputError&) {
      journal_.give_back(cell->key);
      throw;
    }
    report();
  }
}

void Sweep::collect_ended() {
  for (std::size_t i = 0; i < running_.size();) {
    const auto end = running_[i].worker.poll();
    if (!end) {
      ++i;
      continue;
    }
    const Cell& cell = *running_[i].cell;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    note_end(cell, *end);
    report();
  }
}

void Sweep::note_end(const Cell& cell, const ProcessEnd& end) {
  ++ended_;
  nlohmann::json stages;
  std::string error;
  if (end.is_success()) {
    try {
      stages = read_stage_results(cells_ + "/" + cell.name + "/metrics.jsonl");
    } catch (const InputError& reason) {
      error = reason.what();
    }
  } else {
    error = describe(end);
  }
  if (error.empty()) {
    journal_.finish(cell.key, stages);
    return;
  }
  ++failed_;
  const std::string tail = tail_of(errors_path(cell), kTailBytes);
  journal_.fail(cell.key, tail.empty() ? error : error + "\n" + tail);
}

void Sweep::stop_running(SignalEvents& events) {
  for (const RunningCell& running : running_) running.worker.signal(SIGTERM);
  const auto deadline = Clock::now() + kGrace;
  while (!running_.empty()) {
    const bool is_impatient = events.wait(kPollSeconds / 10) == SignalEvents::Event::kStop;
    const bool is_late = is_impatient || Clock::now() >= deadline;
    for (RunningCell& running : running_) {
      if (is_late) running.worker.signal(SIGKILL);
      const auto end = running.worker.poll();
      if (!end) continue;
      if (end->is_success()) {
        note_end(*running.cell, *end);
      } else {
        journal_.give_back(running.cell->key);
      }
      running.cell = nullptr;
    }
    std::erase_if(running_, [](const RunningCell& running) { return running.cell == nullptr; });
  }
}

void Sweep::report() const {
  if (!options_->progress) return;
  std::string detail = fmt::format("{} running", running_.size());
  if (failed_ > 0) detail += fmt::format("  {} failed", failed_);
  const auto total = static_cast<std::size_t>(ended_) + waiting_.size() + running_.size();
  options_->progress({.what = "sweep " + grid_->name,
                      .done = ended_,
                      .total = static_cast<std::int64_t>(total),
                      .unit = "cells",
                      .detail = detail});
}

SweepResult Sweep::conclude(bool is_stopped) const {
  SweepResult result;
  result.total = static_cast<int>(grid_->cells.size());
  result.is_stopped = is_stopped;
  for (const Cell& cell : grid_->cells) {
    const Trial trial = *journal_.find(cell.key);
    result.done += trial.status == TrialStatus::kDone ? 1 : 0;
    result.pending += trial.status == TrialStatus::kPending ? 1 : 0;
    if (trial.status == TrialStatus::kFailed) result.failed.push_back({cell.name, trial.error});
  }
  const StagesOfCell stages_of = [this](const Cell& cell) {
    return journal_.find(cell.key)->results;
  };
  result.results = tabulate(*grid_, stages_of);
  result.summary = summarise(*grid_, stages_of);
  write_file_atomic(options_->out + "/results.csv", to_csv(result.results));
  write_file_atomic(options_->out + "/summary.csv", to_csv(result.summary));
  return result;
}

}  // namespace

SweepResult run_sweep(const Grid& grid, const SweepOptions& options) {
  check(options.workers >= 1 && !options.program.empty(), "run_sweep: no workers");
  Sweep sweep(grid, options);
  const bool is_stopped = sweep.run();
  return sweep.conclude(is_stopped);
}

}  // namespace pare::search
