#pragma once

#include <functional>
#include <string>

#include "emit/c/emit.h"
#include "model/deployment.h"
#include "verify/report.h"

namespace pare::verify {

/// Makes the C text of a program in a style: emit::c::emit, or for tests something that is wrong.
using EmitC = std::function<emit::c::Files(const program::Program&, const emit::c::Options&)>;

/// Emits a program as C, compiles it by `compiler` (looked up in PATH) in a temporary folder, runs
/// it on the golden inputs and compares the outputs. Skipped if there is no compiler; in the
/// unrolled style if the program is too large for it.
BackendReport verify_c(const model::Deployment& deployment, emit::c::Style style,
                       const std::string& compiler);
BackendReport verify_c(const model::Deployment& deployment, emit::c::Style style,
                       const std::string& compiler, const EmitC& emit);

}  // namespace pare::verify
