// For builds without Node.js.
#include "base/error.h"
#include "report/figure_script.h"

namespace pare::report {

std::string_view figure_script() {
  throw InputError(
      "this build of pare draws no figures: install nodejs and npm and build it with "
      "-DPARE_WITH_REPORT=ON");
}

bool has_figure_script() { return false; }

}  // namespace pare::report
