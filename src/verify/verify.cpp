#include "verify/verify.h"

#include "program/reference.h"
#include "verify/compare.h"

namespace pare::verify {
namespace {

BackendReport verify_reference(const model::Deployment& deployment) {
  return compare(deployment, "reference", [&](const program::Inputs& inputs) {
    return run_reference(deployment.program, inputs, {.traps = true, .keeps_buffers = true});
  });
}

void verify_in(Backend backend, const model::Deployment& deployment, Report& report) {
  switch (backend) {
    case Backend::kReference:
      report.backends.push_back(verify_reference(deployment));
      return;
  }
}

}  // namespace

Report verify(const model::Deployment& deployment, const Options& options) {
  Report report{.program = deployment.program.name,
                .hash = program::hash(deployment.program),
                .samples = deployment.golden.num_samples};
  for (const Backend backend : options.backends) verify_in(backend, deployment, report);
  return report;
}

}  // namespace pare::verify
