#include "verify/verify.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "program/reference.h"
#include "verify/c_backend.h"
#include "verify/compare.h"
#include "verify/engine_backend.h"

namespace pare::verify {
namespace {

BackendReport verify_reference(const model::Deployment& deployment) {
  return compare(deployment, "reference", [&](const program::Inputs& inputs) {
    return run_reference(deployment.program, inputs, {.traps = true, .keeps_buffers = true});
  });
}

std::vector<BackendReport> verify_in(Backend backend, const model::Deployment& deployment,
                                     const Options& options) {
  switch (backend) {
    case Backend::kReference:
      return {verify_reference(deployment)};
    case Backend::kEngine:
      return verify_engine(deployment);
    case Backend::kC:
      return {verify_c(deployment, emit::c::Style::kTable, options.c_compiler),
              verify_c(deployment, emit::c::Style::kUnrolled, options.c_compiler)};
  }
  throw_internal("a backend without a name", __FILE__, __LINE__);
}

}  // namespace

Report verify(const model::Deployment& deployment, const Options& options) {
  Report report{.program = deployment.program.name,
                .hash = program::hash(deployment.program),
                .samples = deployment.golden.num_samples};
  for (const Backend backend : options.backends) {
    std::ranges::move(verify_in(backend, deployment, options), std::back_inserter(report.backends));
  }
  return report;
}

}  // namespace pare::verify
