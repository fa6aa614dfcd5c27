#pragma once

#include "search/gaussian_process.h"

namespace pare::search {

/// The logarithm of how much a place is expected to fall below `best`:
///
///   log E[max(best - f, 0)] = log σ + log(φ(z) + z Φ(z)),  z = (best - μ) / σ
///
/// The logarithm, because the expectation underflows where there is little hope, and such places
/// must still be told apart. -infinity where there is none (no variance, and no improvement).
/// Ref: Jones et al., "Efficient global optimization of expensive black-box functions" (1998), eq.
/// (15); Ament et al., "Unexpected improvements to expected improvement" (2023) for the logarithm.
double log_expected_improvement(const Belief& belief, double best);

}  // namespace pare::search
