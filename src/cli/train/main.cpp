#include <cstdlib>
#include <string_view>

#include "cli/build_id.h"
#include "cli/hand_over.h"
#include "cli/train/run_recipe.h"
#include "cli/verbs.h"

int main(int argc, char** argv) {
  using namespace pare::cli;
  CLI::App app;
  describe(app);
  const auto verbs = add_verbs(app, [](const RunOptions& options, Output& output) {
    const char* expected = std::getenv(kBuildIdVariable);
    if (expected != nullptr && build_id() != std::string_view(expected)) {
      output.error(std::string("pare and pare-train are of different builds (") + expected +
                   " and " + std::string(build_id()) + "): install both from one build");
      return kWrongUsage;
    }
    return run_recipe(options, output);
  });
  return run_command_line(app, verbs, argc, argv);
}
