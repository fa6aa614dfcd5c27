#include "cli/verb_sensitivity.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "recipe/spelling.h"

namespace pare::cli {
namespace {

/// "none" is no way to find a range.
std::vector<std::string> methods() {
  const auto all = recipe::spellings(recipe::Calibration{});
  return {all.begin() + 1, all.end()};
}

}  // namespace

Verb add_sensitivity(CLI::App& parent,
                     std::function<ExitCode(const SensitivityRequest&, Output&)> handler) {
  CLI::App* app = add_subcommand(
      parent, "sensitivity", "What each layer bears: accuracy against bits and sparsity",
      "  pare sensitivity runs/quickstart/stages/float.pare --data recipes/quickstart.toml\n"
      "  pare sensitivity model.pare --data recipe.toml --bits 8,4,2 --sparsity 0.8,0.9 --json\n"
      "\nNothing is trained. One layer at a time is quantized after training, or pruned by\n"
      "magnitude, while the others stay float, and the network is scored on the validation split\n"
      "(the test split is not looked at). Quantizers that the model has are taken out first.\n");
  const auto request = std::make_shared<SensitivityRequest>();
  app->add_option("model", request->model, "The model (.pare)")->required();
  app->add_option("--data", request->recipe, "The recipe whose [data] are used")->required();
  app->add_option("--bits", request->bits,
                  "Widths of weights and activations to try, 1 to 16 (default: 8,6,5,4,3,2)")
      ->delimiter(',');
  app->add_option("--sparsity", request->sparsities,
                  "Shares of a layer's weights to prune (default: 0.5,0.7,0.8,0.9,0.95)")
      ->delimiter(',');
  app->add_option_function<std::string>(
         "--calibration",
         [request](const std::string& name) {
           const auto names = recipe::spellings(recipe::Calibration{});
           const auto at = std::find(names.begin(), names.end(), name);
           request->calibration = static_cast<recipe::Calibration>(at - names.begin());
         },
         "How ranges are found: min_max, percentile or mse (default: mse)")
      ->check(CLI::IsMember(methods()));
  app->add_option("--samples", request->max_samples,
                  "Score so many validation samples only (default: all)")
      ->check(CLI::PositiveNumber);
  return {app, [request, handler = std::move(handler)](Output& output) {
            return handler(*request, output);
          }};
}

}  // namespace pare::cli
