#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace pare::data {

/// The seed of the samples that a recipe gets under the name "synthetic/mixture".
inline constexpr std::uint64_t kSyntheticSeed = 1;

/// `count` samples of a fixed classification problem, drawn by `seed`: inputs [count, 16], five
/// classes in turn. With latent h ~ N(0, I_3) of each sample, its class c, and noise e ~ N(0, 1):
///
///   signal   x_j = m_cj + b_j·h + 0.7 e_j      j = 0 … 7
///   nuisance x_j = a_j·h + 0.3 e_j             j = 8 … 15
///
/// The nuisance features say nothing of the class, but of h, which blurs the signal. Means m ~
/// N(0, 0.25) and directions a, b ~ N(0, 1) belong to the problem, not to `seed`. Sample i is the
/// same whatever the count.
Samples make_mixture(std::int64_t count, std::uint64_t seed);

}  // namespace pare::data
