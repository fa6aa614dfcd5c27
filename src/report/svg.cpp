#include "report/svg.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "report/figure_script.h"

namespace pare::report {
namespace {

void run_node(const TemporaryFolder& folder) {
  Process node({.arguments = {"node", folder / "draw.cjs"},
                .environment = {},
                .output = folder / "figure.svg",
                .errors = folder / "errors"});
  const ProcessEnd end = node.wait();
  if (end.is_success()) return;
  throw InternalError(fmt::format("node could not draw the figure: {}\n{}", describe(end),
                                  tail_of(folder / "errors", 1000)));
}

}  // namespace

std::string to_svg(const nlohmann::json& spec) {
  const TemporaryFolder folder;
  std::string script(figure_script());
  script += "\npareFigures.svg(" +
            spec.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
            ").then((svg) => process.stdout.write(svg));\n";
  write_file_atomic(folder / "draw.cjs", script);
  try {
    run_node(folder);
  } catch (const InputError& error) {
    throw InputError(fmt::format("an SVG is drawn by Node.js: install nodejs ({})", error.what()));
  }
  return read_text(folder / "figure.svg");
}

}  // namespace pare::report
