#include "cli/verb_run.h"

#include <memory>
#include <utility>

namespace pare::cli {

Verb add_run(CLI::App& parent, std::function<ExitCode(const RunOptions&, Output&)> handler) {
  CLI::App* app =
      add_subcommand(parent, "run", "Train and compress a network as a recipe says",
                     "  pare run recipes/quickstart.toml\n"
                     "  pare run recipe.toml -o runs/try-1 --set train.epochs=3 --set seed=2\n"
                     "  pare run recipe.toml -o runs/try-1 --resume\n");
  const auto options = std::make_shared<RunOptions>();
  app->add_option("recipe", options->recipe, "The recipe (TOML, see docs/recipe.md)")->required();
  app->add_option("-o,--out", options->out,
                  "Folder for everything that the run writes (default: runs/NAME)");
  app->add_option("--set", options->overrides, "Override a key of the recipe: key.path=value")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_flag("--resume", options->is_resumed,
                "Go on where the run in the folder stopped, or start it");
  return {app, [options, handler = std::move(handler)](Output& output) {
            return handler(*options, output);
          }};
}

}  // namespace pare::cli
