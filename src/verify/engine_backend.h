#pragma once

#include <vector>

#include "model/deployment.h"
#include "verify/report.h"

namespace pare::verify {

/// Runs the golden inputs in the engine with every instruction set of this machine: all samples as
/// one batch over two threads, and one sample at a time, which other kernels do.
std::vector<BackendReport> verify_engine(const model::Deployment& deployment);

}  // namespace pare::verify
