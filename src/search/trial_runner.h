#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "search/folder_lock.h"
#include "search/journal.h"
#include "search/signal_events.h"

namespace pare::search {

/// Where and by what trials are run.
struct TrialSetup {
  std::string out;          ///< folder for everything; made if it is not there
  std::string runs;         ///< folder in `out` that holds a folder for each trial: "cells"
  std::string recipe_path;  ///< what all trials run, each with its own overrides
  int workers = 1;          ///< trials at a time
  std::vector<std::string> program;      ///< what runs a trial; "run RECIPE -o …" is added
  std::vector<std::string> environment;  ///< "NAME=value" for it
};

/// A trial of the journal that is to be run.
struct TrialJob {
  std::string key;
  std::string name;
  std::vector<std::string> overrides;
  int threads = 1;
};

/// Runs pending trials of a journal, each as a process of its own
///
///   PROGRAM run RECIPE -o OUT/RUNS/NAME --resume --set KEY=VALUE …
///
/// Each trial's end is in the journal OUT/journal.sqlite before the next one starts. A trial that
/// fails is noted with the end of what it printed, and the others go on.
class TrialRunner {
 public:
  /// Makes the folder, locks it, and gives back the trials of a process that was killed. Throws
  /// InputError if the folder is in use or cannot be written.
  explicit TrialRunner(TrialSetup setup);

  Journal& journal() { return journal_; }
  const Journal& journal() const { return journal_; }

  /// The next trial to start, which must be pending in the journal; nothing if there is none until
  /// another one ends. Asked whenever a worker is free.
  using NextTrial = std::function<std::optional<TrialJob>()>;

  /// Runs until `next` has nothing and no trial is running, or a signal asks to stop: then the
  /// running trials are ended and given back. `changed` is called when a trial has started or
  /// ended. Returns whether it was stopped. Throws InputError if the program cannot be started or
  /// the disk is full.
  /// REQUIRES: the process has one thread (see SignalEvents).
  bool run(const NextTrial& next, const std::function<void()>& changed);

  int num_running() const { return static_cast<int>(running_.size()); }

  /// Trials that have failed since this runner was made.
  int num_failed() const { return failed_; }

 private:
  struct Running {
    TrialJob job;
    Process worker;
  };

  std::string errors_path(const TrialJob& job) const { return logs_ + "/" + job.name + ".err"; }
  Command command_for(const TrialJob& job) const;
  void start(TrialJob job);
  void collect_ended(const std::function<void()>& changed);
  void note_end(const TrialJob& job, const ProcessEnd& end);
  void stop_running(SignalEvents& events);

  TrialSetup setup_;
  FolderLock lock_;
  Journal journal_;
  std::string runs_;
  std::string logs_;
  std::vector<Running> running_;
  int failed_ = 0;
};

}  // namespace pare::search
