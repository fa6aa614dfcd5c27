#include "cli/verb_sweep.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/build_id.h"
#include "cli/hand_over.h"
#include "cli/sweep_table.h"
#include "search/grid.h"
#include "search/sweep.h"

namespace pare::cli {
namespace {

using Json = nlohmann::json;

struct Options {
  std::string grid;
  std::string out;
  std::string only = "*";
  int workers = 0;  ///< 0: as the sweep file says
  bool is_retrying = false;
  bool is_dry_run = false;
};

ExitCode list_cells(const search::Grid& grid, const Options& options, Output& output) {
  Table table{
      {{"cell", Align::kLeft}, {"label", Align::kLeft}, {"settings", Align::kLeft}}, {}, {}};
  Json cells = Json::array();
  for (const search::Cell& cell : search::cells_matching(grid, options.only)) {
    table.rows.push_back(
        {cell.name, cell.label, fmt::format("{}", fmt::join(cell.overrides, " "))});
    cells.push_back({{"name", cell.name}, {"label", cell.label}, {"overrides", cell.overrides}});
  }
  output.print(Json{{"name", grid.name}, {"recipe", grid.recipe_path}, {"cells", cells}});
  output.print(render(table));
  output.print(fmt::format("\n{} of {} cells", table.rows.size(), grid.cells.size()));
  return kFine;
}

Json to_json(const search::SweepResult& result, const std::string& name, const std::string& out) {
  Json failed = Json::array();
  for (const search::FailedCell& cell : result.failed) {
    failed.push_back({{"name", cell.name}, {"error", cell.error}});
  }
  return {{"name", name},
          {"folder", out},
          {"cells",
           {{"total", result.total},
            {"done", result.done},
            {"pending", result.pending},
            {"failed", failed}}},
          {"is_stopped", result.is_stopped},
          {"summary", search::to_json(result.summary)}};
}

void print_failures(const search::SweepResult& result, const std::string& out, Output& output) {
  for (const search::FailedCell& cell : result.failed) {
    output.error(fmt::format("cell {}: {}", cell.name, cell.error));
  }
  if (result.failed.empty()) return;
  output.print(
      fmt::format("{} cells failed; what they printed is in {}/logs. Run again with "
                  "--retry-failed to try them again.",
                  result.failed.size(), out));
}

ExitCode run(const Options& options, Output& output) {
  const search::Grid grid = search::read_grid(options.grid);
  if (options.is_dry_run) return list_cells(grid, options, output);
  const std::string out = options.out.empty() ? "runs/sweeps/" + grid.name : options.out;
  const int workers = options.workers > 0 ? options.workers : grid.workers;
  output.print(fmt::format("{}: {} cells, {} at a time\nwriting to {}", grid.name,
                           grid.cells.size(), workers, out));
  const search::SweepResult result =
      search::run_sweep(grid, {.out = out,
                               .workers = workers,
                               .only = options.only,
                               .is_retrying = options.is_retrying,
                               .program = {find_train_program()},
                               .environment = {fmt::format("{}={}", kBuildIdVariable, build_id())},
                               .progress = output.progress()});
  output.print(to_json(result, grid.name, out));
  if (!result.summary.rows.empty()) {
    output.print("\n" + render(sweep_table(result.summary)));
    output.print(
        fmt::format("\ntables: {0}/results.csv  {0}/summary.csv\nnext:   pare report {0}", out));
  }
  print_failures(result, out, output);
  if (result.is_stopped) {
    output.warn(fmt::format("stopped: {} of {} cells are done; the same command goes on",
                            result.done, result.total));
  }
  return result.failed.empty() && !result.is_stopped ? kFine : kCheckFailed;
}

}  // namespace

Verb add_sweep(CLI::App& parent) {
  CLI::App* app =
      add_subcommand(parent, "sweep", "Run a recipe with many settings and seeds; never lost",
                     "  pare sweep recipes/sweeps/jets-qap.toml --dry-run\n"
                     "  pare sweep recipes/sweeps/jets-qap.toml -o runs/sweeps/jets --workers 2\n"
                     "  pare sweep recipes/sweeps/jets-qap.toml --only 'bits-6_*'\n"
                     "Stopped or killed, the same command goes on where it was.\n");
  const auto options = std::make_shared<Options>();
  app->add_option("grid", options->grid, "The sweep file (TOML, see docs/sweep.md)")->required();
  app->add_option("-o,--out", options->out,
                  "Folder for everything that the sweep writes (default: runs/sweeps/NAME)");
  app->add_option("--workers", options->workers,
                  "Cells at a time (default: as the sweep file says, or 2)")
      ->check(CLI::Range(1, 1024));
  app->add_option("--only", options->only,
                  "Only cells whose name or label matches (* any characters, ? one)");
  app->add_flag("--retry-failed", options->is_retrying, "Try cells that failed again");
  app->add_flag("--dry-run", options->is_dry_run, "List the cells and run nothing");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
