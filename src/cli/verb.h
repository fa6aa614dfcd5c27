#pragma once

#include <functional>
#include <vector>

#include <CLI/App.hpp>

#include "cli/output.h"

namespace pare::cli {

/// Exit codes of every program (docs/cli.md).
enum ExitCode : int { kFine = 0, kCheckFailed = 1, kWrongUsage = 2, kBadInput = 3, kBug = 4 };

/// One verb of the command line, `pare VERB …`. A verb is declared by a function
///
///   Verb add_inspect(CLI::App& parent);
///
/// in cli/verb_inspect.h, which adds a subcommand with its options (and examples in its footer) and
/// returns what runs once the options are parsed. The options live in a shared_ptr that the
/// returned function captures. cli/verbs.cpp lists the verbs.
struct Verb {
  CLI::App* app;
  std::function<ExitCode(Output&)> run;
};

/// Adds a subcommand that also takes --json (one object on stdout instead of text).
CLI::App* add_subcommand(CLI::App& parent, const char* name, const char* description,
                         const char* examples);

/// Parses the arguments, runs the verb, and turns exceptions into messages and exit codes.
int run_command_line(CLI::App& app, const std::vector<Verb>& verbs, int argc, char** argv);

}  // namespace pare::cli
