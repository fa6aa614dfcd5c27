// A loop that waits for signals: starts trials while there is a free worker, notes in the journal
// how ended ones went, and stops all when asked to.
#include "search/trial_runner.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "search/results.h"

namespace pare::search {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kPollSeconds = 1;
constexpr std::chrono::seconds kGrace{10};  // from SIGTERM to SIGKILL
constexpr std::size_t kTailBytes = 2000;

std::string made_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw InputError(fmt::format("{}: cannot make the folder: {}", path, error.message()));
  return path;
}

}  // namespace

TrialRunner::TrialRunner(TrialSetup setup)
    : setup_(std::move(setup)),
      lock_(made_folder(setup_.out)),
      journal_(setup_.out + "/journal.sqlite"),
      runs_(made_folder(setup_.out + "/" + setup_.runs)),
      logs_(made_folder(setup_.out + "/logs")) {
  check(setup_.workers >= 1 && !setup_.program.empty(), "TrialRunner: no workers");
  // The lock says that no worker is alive.
  journal_.give_back_running();
}

bool TrialRunner::run(const NextTrial& next, const std::function<void()>& changed) {
  SignalEvents events;
  changed();
  while (true) {
    while (num_running() < setup_.workers) {
      std::optional<TrialJob> job = next();
      if (!job) break;
      start(std::move(*job));
      changed();
    }
    if (running_.empty()) return false;
    if (events.wait(kPollSeconds) == SignalEvents::Event::kStop) {
      stop_running(events);
      return true;
    }
    collect_ended(changed);
  }
}

Command TrialRunner::command_for(const TrialJob& job) const {
  Command command{.arguments = setup_.program,
                  .environment = setup_.environment,
                  .output = logs_ + "/" + job.name + ".out",
                  .errors = errors_path(job)};
  command.arguments.insert(command.arguments.end(),
                           {"run", setup_.recipe_path, "-o", runs_ + "/" + job.name, "--resume"});
  for (const std::string& override : job.overrides) {
    command.arguments.insert(command.arguments.end(), {"--set", override});
  }
  command.environment.push_back(fmt::format("OMP_NUM_THREADS={}", job.threads));
  return command;
}

void TrialRunner::start(TrialJob job) {
  journal_.start(job.key);
  try {
    Process worker(command_for(job));
    running_.push_back({std::move(job), std::move(worker)});
  } catch (const InputError&) {
    journal_.give_back(job.key);
    throw;
  }
}

void TrialRunner::collect_ended(const std::function<void()>& changed) {
  for (std::size_t i = 0; i < running_.size();) {
    const auto end = running_[i].worker.poll();
    if (!end) {
      ++i;
      continue;
    }
    const TrialJob job = running_[i].job;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    note_end(job, *end);
    changed();
  }
}

void TrialRunner::note_end(const TrialJob& job, const ProcessEnd& end) {
  nlohmann::json stages;
  std::string error;
  if (end.is_success()) {
    try {
      stages = read_stage_results(runs_ + "/" + job.name + "/metrics.jsonl");
    } catch (const InputError& reason) {
      error = reason.what();
    }
  } else {
    error = describe(end);
  }
  if (error.empty()) {
    journal_.finish(job.key, stages);
    return;
  }
  ++failed_;
  const std::string tail = tail_of(errors_path(job), kTailBytes);
  journal_.fail(job.key, tail.empty() ? error : error + "\n" + tail);
}

void TrialRunner::stop_running(SignalEvents& events) {
  for (const Running& running : running_) running.worker.signal(SIGTERM);
  const auto deadline = Clock::now() + kGrace;
  while (!running_.empty()) {
    const bool is_impatient = events.wait(kPollSeconds / 10) == SignalEvents::Event::kStop;
    const bool is_late = is_impatient || Clock::now() >= deadline;
    std::erase_if(running_, [&](Running& running) {
      if (is_late) running.worker.signal(SIGKILL);
      const auto end = running.worker.poll();
      if (!end) return false;
      if (end->is_success()) {
        note_end(running.job, *end);
      } else {
        journal_.give_back(running.job.key);
      }
      return true;
    });
  }
}

}  // namespace pare::search
