#include "cli/verbs.h"

#include <utility>

#include "base/version.h"
#include "cli/verb_bench.h"
#include "cli/verb_compare.h"
#include "cli/verb_cost.h"
#include "cli/verb_data.h"
#include "cli/verb_eval.h"
#include "cli/verb_export.h"
#include "cli/verb_import.h"
#include "cli/verb_infer.h"
#include "cli/verb_inspect.h"
#include "cli/verb_map.h"
#include "cli/verb_report.h"
#include "cli/verb_search.h"
#include "cli/verb_sweep.h"
#include "cli/verb_verify.h"

namespace pare::cli {

void describe(CLI::App& app) {
  app.description(
      "pare: prune, quantize and shrink neural networks until they fit the hardware.\n"
      "Exit codes: 0 fine, 1 a check did not hold, 2 wrong usage, 3 bad input, 4 a bug of pare.");
  app.set_version_flag("--version", std::string(version()));
  app.footer("\n`pare VERB --help` explains a verb, with examples.");
}

std::vector<Verb> add_verbs(CLI::App& app, TrainingHandlers handlers) {
  return {add_run(app, std::move(handlers.run)),
          add_sensitivity(app, std::move(handlers.sensitivity)),
          add_eval(app),
          add_infer(app),
          add_map(app),
          add_cost(app),
          add_verify(app),
          add_import(app),
          add_export(app),
          add_inspect(app),
          add_bench(app),
          add_compare(app),
          add_sweep(app),
          add_search(app),
          add_report(app),
          add_data(app)};
}

}  // namespace pare::cli
