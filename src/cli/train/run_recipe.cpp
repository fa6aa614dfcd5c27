#include "cli/train/run_recipe.h"

#include <fmt/format.h>

#include "base/file.h"
#include "cli/stage_table.h"
#include "recipe/recipe.h"
#include "report/run_report.h"
#include "train/run.h"
#include "train/run_folder.h"

namespace pare::cli {

ExitCode run_recipe(const RunOptions& options, Output& output) {
  const recipe::Recipe recipe = recipe::read(options.recipe, options.overrides);
  const std::string folder =
      options.out.empty() ? train::default_folder(recipe.name, options.is_resumed) : options.out;
  output.print(fmt::format("{}: {}\nwriting to {}", recipe.name, recipe.description, folder));
  const train::Listeners listeners{
      .progress = output.progress(),
      .warning = [&output](const std::string& text) { output.warn(text); }};
  const train::RunResult result = train::run(recipe, folder, options.is_resumed, listeners);
  if (result.was_finished) output.print("this run was complete; nothing was trained");
  write_file_atomic(folder + "/report.html", report::to_html(report::run_page(folder)));
  output.print(nlohmann::json{{"folder", folder},
                              {"data", result.data_description},
                              {"model", folder + "/model.pare"},
                              {"stages", result.stages}});
  output.print("\nResults on the test split of: " + result.data_description);
  output.print(render(stage_table(result.stages)));
  const std::string baselines = baselines_line(result.stages);
  if (!baselines.empty()) output.print(baselines);
  const std::string affine = affine_lines(result.stages);
  if (!affine.empty()) output.print(affine);
  output.print(
      fmt::format("\nmodel: {0}/model.pare   report: {0}/report.html   log: {0}/metrics.jsonl\n"
                  "next:  pare inspect {0}/model.pare\n"
                  "       pare cost {0}/model.pare\n"
                  "       pare compare {0}/stages/{1}.pare {0}/model.pare",
                  folder, recipe.stages.front().name));
  return kFine;
}

}  // namespace pare::cli
