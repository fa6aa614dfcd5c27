#pragma once

#include <vector>

#include "cli/verb.h"
#include "cli/verb_run.h"

namespace pare::cli {

/// Declares every verb, in the order of the help text. `run_handler` is what `run` does in this
/// program. No torch is needed to declare any of them.
std::vector<Verb> add_verbs(CLI::App& app,
                            std::function<ExitCode(const RunOptions&, Output&)> run_handler);

/// The program's description and --version.
void describe(CLI::App& app);

}  // namespace pare::cli
