#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace pare::cli {

/// Options of `pare run`.
struct RunOptions {
  std::string recipe;
  std::string out;  ///< empty: runs/NAME, or the first free runs/NAME-2, …
  std::vector<std::string> overrides;
  bool is_resumed = false;
};

/// Declares `run`. `pare` passes a handler that hands over to pare-train, pare-train one that
/// trains.
Verb add_run(CLI::App& parent, std::function<ExitCode(const RunOptions&, Output&)> handler);

}  // namespace pare::cli
