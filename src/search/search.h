#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "search/journal.h"
#include "search/search_plan.h"

namespace pare::search {

struct SearchOptions {
  std::string out;                       ///< folder for everything; made if it is not there
  int workers = 1;                       ///< trials at a time
  bool is_retrying = false;              ///< runs failed trials again
  std::vector<std::string> program;      ///< what runs a trial; "run RECIPE -o …" is added
  std::vector<std::string> environment;  ///< "NAME=value" for it
  ProgressSink progress;                 ///< may be empty
};

/// One trial, as far as it is.
struct Outcome {
  std::string key;  ///< in the journal
  std::string name;
  std::string origin;  ///< who proposed it: "sobol", "bayes", "parego", "random"
  Point point;
  TrialStatus status = TrialStatus::kPending;
  std::optional<double> objective = {};  ///< nothing: not done, or no finite number
  std::optional<double> against = {};
  std::string error = {};  ///< why it failed
};

/// Where a search stands.
struct SearchResult {
  int total = 0;  ///< trials wanted: those of the file, or all points there are
  std::vector<Outcome> outcomes = {};   ///< in the order of the proposals
  std::vector<std::size_t> front = {};  ///< not dominated in the objective and the figure against
                                        ///< it; without that, the best. By rising cost
  bool is_stopped = false;              ///< by Ctrl-C, SIGTERM or SIGHUP

  int count(TrialStatus status) const;
};

/// Proposes points and runs each as a process of its own (see TrialRunner) until as many trials as
/// the file wants have ended, then writes trials.csv, results.csv, front.csv and the sweep file
/// retrain.toml (docs/search.md). Every trial is in the journal before it starts; called again
/// after a stop or a kill the search goes on where it was. With one worker it then proposes what
/// it would have without. A trial that fails is noted and the others go on.
/// Throws InputError if the folder is in use by another search or belongs to other settings, the
/// runs have no such figure, the program cannot be started, or the disk is full.
/// REQUIRES: the process has one thread (see SignalEvents).
SearchResult run_search(const SearchPlan& plan, const SearchOptions& options);

/// The points that a search in a new folder begins with, none of them measured.
std::vector<Proposal> first_proposals(const SearchFile& file);

}  // namespace pare::search
