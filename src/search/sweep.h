#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "search/grid.h"
#include "search/results_table.h"

namespace pare::search {

struct SweepOptions {
  std::string out;         ///< folder for everything that the sweep writes; made if it is not there
  int workers = 2;         ///< cells at a time
  std::string only = "*";  ///< runs the cells whose name or label matches this pattern
  bool is_retrying = false;              ///< runs failed cells again
  std::vector<std::string> program;      ///< what runs a cell; "run RECIPE -o …" is added
  std::vector<std::string> environment;  ///< "NAME=value" for it
  ProgressSink progress;                 ///< may be empty
};

struct FailedCell {
  std::string name;
  std::string error;
};

/// Where a sweep stands after run_sweep. Counts are of the whole grid.
struct SweepResult {
  int total = 0;
  int done = 0;
  int pending = 0;  ///< left out by `only`, or stopped
  std::vector<FailedCell> failed;
  bool is_stopped = false;  ///< by Ctrl-C, SIGTERM or SIGHUP
  ResultsTable results;     ///< of the cells that are done (see tabulate)
  ResultsTable summary;     ///< (see summarise)
};

/// Runs the cells of a grid that have not ended yet, each as a process of its own
///
///   PROGRAM run RECIPE -o OUT/cells/NAME --resume --set KEY=VALUE … --set seed=N
///
/// and writes OUT/results.csv and OUT/summary.csv (docs/sweep.md). Each cell's end is in the
/// journal OUT/journal.sqlite before the next cell starts. Stopped by a signal it ends its
/// processes and returns; killed, the kernel ends them. Called again it goes on where it was: a
/// cell that ran goes on from its own checkpoint. A cell that fails is noted and the others go on.
/// Throws InputError if the folder is in use by another sweep or belongs to other settings, if the
/// program cannot be started, or the disk is full.
/// REQUIRES: the process has one thread (see SignalEvents).
SweepResult run_sweep(const Grid& grid, const SweepOptions& options);

}  // namespace pare::search
