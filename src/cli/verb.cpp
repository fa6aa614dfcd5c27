#include "cli/verb.h"

#include <csignal>
#include <iostream>
#include <new>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"

namespace pare::cli {
namespace {

const std::string kJsonFlag = "--json";

ExitCode run_verb(const Verb& verb, Output& output) {
  try {
    if (verb.app->count(kJsonFlag) > 0) output.set_json();
    return verb.run(output);
  } catch (const InputError& error) {
    output.error(error.what());
    return kBadInput;
  } catch (const std::bad_alloc&) {
    output.error("out of memory: the model or the data are too large for this machine");
    return kBadInput;
  } catch (const std::exception& error) {
    output.error(
        fmt::format("internal error: {}\nThis is a bug in pare. Please report it with the command "
                    "and its input.",
                    error.what()));
    return kBug;
  }
}

}  // namespace

CLI::App* add_subcommand(CLI::App& parent, const char* name, const char* description,
                         const char* examples) {
  CLI::App* app = parent.add_subcommand(name, description);
  app->footer(fmt::format("\nExamples:\n{}", examples));
  app->add_flag(kJsonFlag)->description("Print one JSON object instead of text");
  return app;
}

int run_command_line(CLI::App& app, const std::vector<Verb>& verbs, int argc, char** argv) {
  // A reader that closes the pipe early (pare inspect | head) is no error of ours.
  std::signal(SIGPIPE, SIG_DFL);
  Output output(std::cout, std::cerr, isatty(STDOUT_FILENO) == 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kFine : kWrongUsage;
  }
  for (const Verb& verb : verbs) {
    if (verb.app->parsed()) return run_verb(verb, output);
  }
  std::cout << app.help();
  return kWrongUsage;
}

}  // namespace pare::cli
