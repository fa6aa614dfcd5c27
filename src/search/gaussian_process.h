#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/bounded_minimiser.h"

namespace pare::search {

/// Places in the unit cube, and what was measured there (close to mean 0 and variance 1).
struct Samples {
  std::vector<std::vector<double>> inputs;
  std::vector<double> outputs;
};

/// The Matérn kernel of smoothness 5/2 with a length scale for each coordinate, and noise:
///
///   k(x, x') = signal_variance (1 + √5 r + 5 r²/3) exp(-√5 r),  r² = Σ ((x_i - x'_i) / length_i)²
///
/// plus noise_variance where x and x' are the same measurement.
struct Kernel {
  std::vector<double> length_scales;
  double signal_variance = 1;
  double noise_variance = 0;
};

/// What is believed of the function at a place, noise not included.
struct Belief {
  double mean = 0;
  double variance = 0;
};

/// A Gaussian process with a constant mean, which is the one that makes the samples most likely.
/// Ref: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), chapters 2 and 4.
class GaussianProcess {
 public:
  /// Time O(n³) for n samples. REQUIRES: at least one sample.
  GaussianProcess(Samples samples, Kernel kernel);

  /// Time O(n²).
  Belief at(std::span<const double> input) const;

  const Kernel& kernel() const { return kernel_; }
  const Samples& samples() const { return samples_; }

 private:
  Samples samples_;
  Kernel kernel_;
  double mean_ = 0;
  std::vector<double> factor_;   ///< lower Cholesky factor of the samples' covariance, by columns
  std::vector<double> weights_;  ///< covariance^-1 (outputs - mean)
};

/// The logarithm of how likely the outputs are under a kernel, and its gradient by the logarithms
/// of all length scales, the signal variance and the noise variance, in this order.
Evaluation log_likelihood(const Samples& samples, const std::vector<double>& log_parameters);

/// The logarithm of the prior density of a kernel, but for a constant, in the same form. Length
/// scales are Gamma(3, 6), the signal variance Gamma(2, 0.15) and the noise variance Gamma(1.1,
/// 0.05) (shape, rate), as BoTorch's SingleTaskGP had them by default in the releases that the
/// authors of Ps and Qs used.
Evaluation log_prior(const std::vector<double>& log_parameters);

/// The process whose kernel has the highest likelihood times prior: the best of several local
/// maxima, one from the middle of the prior and the others from starts drawn with `seed`.
GaussianProcess fit(Samples samples, std::uint64_t seed);

}  // namespace pare::search
