#pragma once

#include <functional>
#include <vector>

#include "cli/verb.h"
#include "cli/verb_run.h"
#include "cli/verb_sensitivity.h"

namespace pare::cli {

/// What the verbs that need torch do in this program: `pare` hands over to pare-train.
struct TrainingHandlers {
  std::function<ExitCode(const RunOptions&, Output&)> run;
  std::function<ExitCode(const SensitivityRequest&, Output&)> sensitivity;
};

/// Declares every verb, in the order of the help text. No torch is needed to declare any of them.
std::vector<Verb> add_verbs(CLI::App& app, TrainingHandlers handlers);

/// The program's description and --version.
void describe(CLI::App& app);

}  // namespace pare::cli
