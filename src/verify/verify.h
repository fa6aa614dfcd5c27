#pragma once

#include <vector>

#include "model/deployment.h"
#include "verify/report.h"

namespace pare::verify {

enum class Backend {
  kReference,  ///< the interpreter that defines what a program means, with traps on
};

struct Options {
  std::vector<Backend> backends = {Backend::kReference};
};

/// Runs a program on its golden inputs in every backend asked for and compares all codes with the
/// recorded ones. REQUIRES: the deployment passes check_deployment.
Report verify(const model::Deployment& deployment, const Options& options = {});

}  // namespace pare::verify
