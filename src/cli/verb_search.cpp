#include "cli/verb_search.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "cli/build_id.h"
#include "cli/hand_over.h"
#include "cli/search_table.h"
#include "search/search.h"
#include "search/search_tables.h"

namespace pare::cli {
namespace {

using Json = nlohmann::json;
using search::TrialStatus;

constexpr std::array<const char*, 3> kMethods = {"bayes", "parego", "random"};

struct Options {
  std::string file;
  std::string out;
  std::string method;  ///< empty: as the search file says
  int workers = 0;     ///< 0: as the search file says
  bool is_retrying = false;
  bool is_dry_run = false;
};

search::SearchPlan read_plan(const Options& options) {
  search::SearchPlan plan = search::read_search(options.file);
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (options.method == kMethods[i]) plan.file.method = static_cast<search::Method>(i);
  }
  if (plan.file.method == search::Method::kParego && !plan.file.against) {
    throw InputError(options.file +
                     ": method parego weighs two figures: expected a table "
                     "[against] as well");
  }
  return plan;
}

ExitCode list_start(const search::SearchPlan& plan, Output& output) {
  const search::SearchFile& file = plan.file;
  Json points = Json::array();
  std::string lines;
  for (const search::Proposal& proposal : search::first_proposals(file)) {
    const std::vector<std::string> overrides = search::resolve(plan, proposal.point).overrides;
    points.push_back({{"origin", proposal.origin}, {"overrides", overrides}});
    lines += fmt::format("\n  {}", fmt::join(overrides, " "));
  }
  const std::int64_t size = search::num_points(file.space);
  output.print(Json{{"name", file.name},
                    {"recipe", plan.recipe_path},
                    {"points", size},
                    {"trials", file.trials},
                    {"first", points}});
  output.print(render(variable_table(file.space)));
  output.print(fmt::format("\n{} points, of which {} are tried; the first:{}", grouped(size),
                           std::min<std::int64_t>(file.trials, size), lines));
  return kFine;
}

Json to_json(const search::SearchPlan& plan, const search::SearchResult& result,
             const std::string& out) {
  Json failed = Json::array();
  for (const search::Outcome& outcome : result.outcomes) {
    if (outcome.status != TrialStatus::kFailed) continue;
    failed.push_back({{"name", outcome.name}, {"error", outcome.error}});
  }
  Json front = Json::array();
  for (const std::size_t trial : result.front) front.push_back(result.outcomes[trial].name);
  return {
      {"name", plan.file.name},
      {"folder", out},
      {"method", kMethods[static_cast<std::size_t>(plan.file.method)]},
      {"count",
       {{"total", result.total}, {"done", result.count(TrialStatus::kDone)}, {"failed", failed}}},
      {"trials", search::to_json(search::trials_table(plan, result))},
      {"front", front},
      {"is_stopped", result.is_stopped}};
}

void print_result(const search::SearchPlan& plan, const search::SearchResult& result,
                  const std::string& out, Output& output) {
  if (result.front.empty()) return;
  const search::SearchFile& file = plan.file;
  const std::string title =
      file.against ? fmt::format("Pareto front of {} and {}: {} of {} trials", file.objective.name,
                                 file.against->name, result.front.size(), result.outcomes.size())
                   : fmt::format("The best of {} trials", result.outcomes.size());
  output.print(fmt::format("\n{}\n\n{}", title, render(search_table(plan, result))));
  output.print(
      fmt::format("\ntables: {0}/trials.csv  {0}/front.csv  {0}/results.csv\nnext:   pare sweep "
                  "{0}/retrain.toml",
                  out));
}

void print_failures(const search::SearchResult& result, const std::string& out, Output& output) {
  const int failed = result.count(TrialStatus::kFailed);
  for (const search::Outcome& outcome : result.outcomes) {
    if (outcome.status != TrialStatus::kFailed) continue;
    output.error(fmt::format("{}: {}", outcome.name, outcome.error));
  }
  if (failed == 0) return;
  output.print(
      fmt::format("{} trials failed; what they printed is in {}/logs. Run again with "
                  "--retry-failed to try them again.",
                  failed, out));
}

ExitCode run(const Options& options, Output& output) {
  const search::SearchPlan plan = read_plan(options);
  const search::SearchFile& file = plan.file;
  if (options.is_dry_run) return list_start(plan, output);
  const std::string out = options.out.empty() ? "runs/searches/" + file.name : options.out;
  const int workers = options.workers > 0 ? options.workers : file.workers;
  output.print(fmt::format("{}: {} trials by {}, {} at a time\nwriting to {}", file.name,
                           file.trials, kMethods[static_cast<std::size_t>(file.method)], workers,
                           out));
  const search::SearchResult result =
      search::run_search(plan, {.out = out,
                                .workers = workers,
                                .is_retrying = options.is_retrying,
                                .program = {find_train_program()},
                                .environment = {fmt::format("{}={}", kBuildIdVariable, build_id())},
                                .progress = output.progress()});
  output.print(to_json(plan, result, out));
  print_result(plan, result, out, output);
  print_failures(result, out, output);
  if (result.is_stopped) {
    output.warn(fmt::format("stopped: {} of {} trials are done; the same command goes on",
                            result.count(TrialStatus::kDone), result.total));
  }
  return result.count(TrialStatus::kFailed) == 0 && !result.is_stopped ? kFine : kCheckFailed;
}

}  // namespace

Verb add_search(CLI::App& parent) {
  CLI::App* app = add_subcommand(
      parent, "search", "Look for the settings of a recipe with the best figure; never lost",
      "  pare search recipes/searches/jets-bo.toml --dry-run\n"
      "  pare search recipes/searches/jets-bo.toml -o runs/searches/jets --workers 2\n"
      "  pare search recipes/searches/jets-bo.toml --method random -o runs/searches/control\n"
      "Stopped or killed, the same command goes on where it was. A method is one of\n"
      "  bayes   a Gaussian process of the objective, and expected improvement\n"
      "  parego  the same for two figures\n"
      "  random  what the others must beat\n");
  const auto options = std::make_shared<Options>();
  app->add_option("file", options->file, "The search file (TOML, see docs/search.md)")->required();
  app->add_option("-o,--out", options->out,
                  "Folder for everything that the search writes (default: runs/searches/NAME)");
  app->add_option("--method", options->method,
                  "How points are proposed (default: as the file says)")
      ->check(CLI::IsMember(std::vector<std::string>(kMethods.begin(), kMethods.end())));
  app->add_option("--workers", options->workers,
                  "Trials at a time (default: as the search file says, or 1)")
      ->check(CLI::Range(1, 1024));
  app->add_flag("--retry-failed", options->is_retrying, "Try trials that failed again");
  app->add_flag("--dry-run", options->is_dry_run,
                "Show the variables and the first points, and run nothing");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
