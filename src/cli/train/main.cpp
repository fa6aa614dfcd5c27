#include <cstdlib>
#include <string_view>

#include "cli/build_id.h"
#include "cli/hand_over.h"
#include "cli/train/run_recipe.h"
#include "cli/train/run_sensitivity.h"
#include "cli/verbs.h"

namespace pare::cli {
namespace {

/// A handler that refuses to work for a `pare` of another build.
template <class Options>
auto of_this_build(ExitCode (*handler)(const Options&, Output&)) {
  return [handler](const Options& options, Output& output) -> ExitCode {
    const char* expected = std::getenv(kBuildIdVariable);
    if (expected == nullptr || build_id() == std::string_view(expected)) {
      return handler(options, output);
    }
    output.error(std::string("pare and pare-train are of different builds (") + expected + " and " +
                 std::string(build_id()) + "): install both from one build");
    return kWrongUsage;
  };
}

}  // namespace
}  // namespace pare::cli

int main(int argc, char** argv) {
  using namespace pare::cli;
  CLI::App app;
  describe(app);
  const auto verbs = add_verbs(
      app, {.run = of_this_build(run_recipe), .sensitivity = of_this_build(run_sensitivity)});
  return run_command_line(app, verbs, argc, argv);
}
