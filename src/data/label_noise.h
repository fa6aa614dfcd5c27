#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace pare::data {

/// Which file's labels: each file gets its own random numbers.
enum class NoisedFile : std::uint32_t { kTrain = 0, kValidation = 1 };

/// Gives the first round(fraction * N) of the labels [N] (int64) a label drawn uniformly from all
/// classes, their own included. Ref: Hawks et al. 2021, arXiv:2102.11289 (the authors' code).
/// REQUIRES: fraction in [0, 1].
void randomise_labels(Tensor& labels, double fraction, std::int64_t num_classes, std::uint64_t seed,
                      NoisedFile file = NoisedFile::kTrain);

}  // namespace pare::data
