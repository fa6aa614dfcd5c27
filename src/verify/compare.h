#pragma once

#include <functional>
#include <string>

#include "model/deployment.h"
#include "program/reference.h"
#include "verify/report.h"

namespace pare::verify {

/// Runs a program on one sample. Called once for each golden sample, in their order. Outputs may
/// have all buffers (by BufferId; states with their last value) or, of a backend that does not show
/// them, none. Throws InputError or InternalError if it cannot go on.
using RunSample = std::function<program::Outputs(const program::Inputs&)>;

/// Runs a backend on all golden samples and holds each of its codes against the record: against the
/// codes where they are kept, else against their hashes; where a hash differs the reference is run
/// again to find the element. REQUIRES: the program passes program::check and the golden vectors
/// check_golden; of the interface only the output's scale and offset are used.
BackendReport compare(const model::Deployment& deployment, std::string backend,
                      const RunSample& run);

}  // namespace pare::verify
