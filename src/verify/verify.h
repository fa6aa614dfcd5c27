#pragma once

#include <string>
#include <vector>

#include "model/deployment.h"
#include "verify/report.h"

namespace pare::verify {

enum class Backend {
  kReference,  ///< the interpreter that defines what a program means, with traps on
  kEngine,     ///< the CPU engine, in every instruction set of this machine
  kC,          ///< emitted C in both styles, compiled here
};

struct Options {
  std::vector<Backend> backends = {Backend::kReference, Backend::kEngine, Backend::kC};
  std::string c_compiler = "cc";  ///< looked up in PATH
};

/// Runs a program on its golden inputs in every backend asked for and compares all codes with the
/// recorded ones. REQUIRES: the deployment passes check_deployment.
Report verify(const model::Deployment& deployment, const Options& options = {});

}  // namespace pare::verify
