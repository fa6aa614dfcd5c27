#include "cli/verb_report.h"

#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "report/run_report.h"
#include "report/svg.h"
#include "report/sweep_report.h"

namespace pare::cli {
namespace {

struct Options {
  std::string folder;
  std::string out;  ///< empty: FOLDER/report.html
  std::string svg;  ///< empty: none
};

ExitCode run(const Options& options, Output& output) {
  const bool is_sweep = report::is_sweep(options.folder);
  if (!is_sweep && !report::is_run(options.folder)) {
    throw InputError(
        fmt::format("{}: neither a run (no metrics.jsonl) nor a sweep (no sweep.json): give a "
                    "folder that pare run or pare sweep wrote",
                    options.folder));
  }
  const std::string out = options.out.empty() ? options.folder + "/report.html" : options.out;
  const report::Page page =
      is_sweep ? report::sweep_page(options.folder) : report::run_page(options.folder);
  write_file_atomic(out, report::to_html(page));
  nlohmann::json result = {{"folder", options.folder}, {"report", out}};
  output.print("report: " + out);
  if (!options.svg.empty()) {
    const nlohmann::json figure =
        is_sweep ? report::sweep_figure(options.folder) : report::run_figure(options.folder);
    write_file_atomic(options.svg, report::to_svg(figure));
    result["svg"] = options.svg;
    output.print("figure: " + options.svg);
  }
  output.print(result);
  return kFine;
}

}  // namespace

Verb add_report(CLI::App& parent) {
  CLI::App* app =
      add_subcommand(parent, "report", "Tables and figures of a run or a sweep as one HTML file",
                     "  pare report runs/quickstart\n"
                     "  pare report runs/sweeps/jets-qap -o jets.html --svg jets.svg\n"
                     "The page needs no network. --svg needs Node.js.\n");
  const auto options = std::make_shared<Options>();
  app->add_option("folder", options->folder, "Folder of a run or a sweep")->required();
  app->add_option("-o,--out", options->out, "The page (default: FOLDER/report.html)");
  app->add_option("--svg", options->svg, "Also write the figure against BOPs as an SVG file");
  return {app, [options](Output& output) { return run(*options, output); }};
}

}  // namespace pare::cli
