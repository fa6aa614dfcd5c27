#pragma once

#include <vector>

#include "base/progress.h"
#include "data/samples.h"
#include "model/deployment.h"

namespace pare::cli {

/// What a frozen net says of raw samples: row-major [N, outputs], through the interface's maps, the
/// softmax at the end applied where there is one. `progress` may be empty. Throws InputError if a
/// program has loops, for which these samples have no steps.
std::vector<double> run_program(const model::Deployment& deployment, const Tensor& raw,
                                const ProgressSink& progress);

}  // namespace pare::cli
