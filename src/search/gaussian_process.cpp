#include "search/gaussian_process.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "base/philox.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kSqrt5 = 2.23606797749978969;
constexpr int kStarts = 5;

using VectorView = Eigen::Map<const VectorXd>;
using MatrixView = Eigen::Map<const MatrixXd>;

VectorView view(const std::vector<double>& values) {
  return {values.data(), static_cast<Index>(values.size())};
}

/// r of the kernel.
double scaled_distance(std::span<const double> a, std::span<const double> b,
                       const std::vector<double>& length_scales) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = (a[i] - b[i]) / length_scales[i];
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

double matern(double r) { return (1 + kSqrt5 * r + 5.0 / 3.0 * r * r) * std::exp(-kSqrt5 * r); }

/// The samples' covariance without noise.
MatrixXd signal_covariance(const Samples& samples, const Kernel& kernel) {
  const auto size = static_cast<Index>(samples.inputs.size());
  MatrixXd covariance(size, size);
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j <= i; ++j) {
      const double r =
          scaled_distance(samples.inputs[static_cast<std::size_t>(i)],
                          samples.inputs[static_cast<std::size_t>(j)], kernel.length_scales);
      covariance(i, j) = covariance(j, i) = kernel.signal_variance * matern(r);
    }
  }
  return covariance;
}

/// The Cholesky factor, of the matrix with a little more on its diagonal if it has to be.
Eigen::LLT<MatrixXd> factorise(MatrixXd covariance, const Kernel& kernel) {
  covariance.diagonal().array() += kernel.noise_variance;
  for (double jitter = 1e-10; jitter < 1; jitter *= 10) {
    Eigen::LLT<MatrixXd> factor(covariance);
    if (factor.info() == Eigen::Success) return factor;
    covariance.diagonal().array() += jitter * kernel.signal_variance;
  }
  check(false, "factorise: a covariance that is not positive definite");
  return {};
}

/// The constant mean that makes the outputs most likely: their generalised least-squares mean.
double best_mean(const Eigen::LLT<MatrixXd>& factor, const VectorXd& outputs) {
  const VectorXd weights = factor.solve(VectorXd::Ones(outputs.size()));
  return weights.dot(outputs) / weights.sum();
}

Kernel to_kernel(const std::vector<double>& log_parameters) {
  const std::size_t dimensions = log_parameters.size() - 2;
  Kernel kernel;
  for (std::size_t i = 0; i < dimensions; ++i) {
    kernel.length_scales.push_back(std::exp(log_parameters[i]));
  }
  kernel.signal_variance = std::exp(log_parameters[dimensions]);
  kernel.noise_variance = std::exp(log_parameters[dimensions + 1]);
  return kernel;
}

/// The derivative of the covariance by the logarithm of one length scale.
MatrixXd length_scale_derivative(const Samples& samples, const Kernel& kernel, std::size_t which) {
  const auto size = static_cast<Index>(samples.inputs.size());
  MatrixXd derivative(size, size);
  for (Index i = 0; i < size; ++i) {
    for (Index j = 0; j <= i; ++j) {
      const auto& a = samples.inputs[static_cast<std::size_t>(i)];
      const auto& b = samples.inputs[static_cast<std::size_t>(j)];
      const double r = scaled_distance(a, b, kernel.length_scales);
      const double difference = (a[which] - b[which]) / kernel.length_scales[which];
      derivative(i, j) = derivative(j, i) = kernel.signal_variance * (5.0 / 3.0) *
                                            (1 + kSqrt5 * r) * std::exp(-kSqrt5 * r) * difference *
                                            difference;
    }
  }
  return derivative;
}

/// Bounds of the logarithms, wide but such that nothing overflows. The least noise is BoTorch's.
Box bounds(std::size_t dimensions) {
  Box box;
  box.lower.assign(dimensions, std::log(0.01));
  box.upper.assign(dimensions, std::log(20.0));
  box.lower.insert(box.lower.end(), {std::log(1e-2), std::log(1e-4)});
  box.upper.insert(box.upper.end(), {std::log(1e3), std::log(4.0)});
  return box;
}

std::vector<double> start_of(std::size_t dimensions, int number, std::uint64_t seed) {
  // The length scales' most likely value, and outputs of variance 1 with little noise.
  std::vector<double> start(dimensions, std::log(2.0 / 6.0));
  start.insert(start.end(), {std::log(1.0), std::log(1e-2)});
  if (number == 0) return start;
  constexpr std::uint32_t kStartsOfFits = 1002;
  const Philox random(seed, RandomStream::kSearch, kStartsOfFits,
                      static_cast<std::uint32_t>(number));
  const Box box = bounds(dimensions);
  for (std::size_t i = 0; i < start.size(); ++i) {
    start[i] = std::clamp(start[i] + 1.5 * random.normal(i), box.lower[i], box.upper[i]);
  }
  return start;
}

}  // namespace

GaussianProcess::GaussianProcess(Samples samples, Kernel kernel)
    : samples_(std::move(samples)), kernel_(std::move(kernel)) {
  check(!samples_.inputs.empty() && samples_.inputs.size() == samples_.outputs.size(),
        "GaussianProcess: as many outputs as inputs");
  const Eigen::LLT<MatrixXd> factor = factorise(signal_covariance(samples_, kernel_), kernel_);
  const VectorXd outputs = view(samples_.outputs);
  mean_ = best_mean(factor, outputs);
  const VectorXd weights = factor.solve((outputs.array() - mean_).matrix());
  weights_.assign(weights.begin(), weights.end());
  const MatrixXd lower = factor.matrixL();
  factor_.assign(lower.data(), lower.data() + lower.size());
}

Belief GaussianProcess::at(std::span<const double> input) const {
  const auto size = static_cast<Index>(weights_.size());
  VectorXd covariance(size);
  for (Index i = 0; i < size; ++i) {
    covariance[i] = kernel_.signal_variance *
                    matern(scaled_distance(input, samples_.inputs[static_cast<std::size_t>(i)],
                                           kernel_.length_scales));
  }
  const double mean = mean_ + covariance.dot(view(weights_));
  MatrixView(factor_.data(), size, size).triangularView<Eigen::Lower>().solveInPlace(covariance);
  return {mean, std::max(0.0, kernel_.signal_variance - covariance.squaredNorm())};
}

Evaluation log_likelihood(const Samples& samples, const std::vector<double>& log_parameters) {
  const Kernel kernel = to_kernel(log_parameters);
  const MatrixXd signal = signal_covariance(samples, kernel);
  const Eigen::LLT<MatrixXd> factor = factorise(signal, kernel);
  const VectorXd outputs = view(samples.outputs);
  const auto size = outputs.size();
  const VectorXd residual = (outputs.array() - best_mean(factor, outputs)).matrix();
  const VectorXd weights = factor.solve(residual);
  const double log_determinant = 2 * MatrixXd(factor.matrixL()).diagonal().array().log().sum();
  const double value = -0.5 * (residual.dot(weights) + log_determinant +
                               static_cast<double>(size) * std::log(2 * std::numbers::pi));

  // d value / d θ = 1/2 tr((w wᵀ - K^-1) dK/dθ). The mean is the best one: moving it changes
  // nothing to first order.
  const MatrixXd pull =
      weights * weights.transpose() - factor.solve(MatrixXd::Identity(size, size));
  std::vector<double> gradient;
  for (std::size_t i = 0; i < kernel.length_scales.size(); ++i) {
    const MatrixXd derivative = length_scale_derivative(samples, kernel, i);
    gradient.push_back(0.5 * pull.cwiseProduct(derivative).sum());
  }
  gradient.push_back(0.5 * pull.cwiseProduct(signal).sum());
  gradient.push_back(0.5 * kernel.noise_variance * pull.trace());
  return {value, std::move(gradient)};
}

Evaluation log_prior(const std::vector<double>& log_parameters) {
  Evaluation prior;
  const auto add_gamma = [&prior](double log_parameter, double shape, double rate) {
    const double parameter = std::exp(log_parameter);
    prior.value += (shape - 1) * log_parameter - rate * parameter;
    prior.gradient.push_back(shape - 1 - rate * parameter);
  };
  const std::size_t dimensions = log_parameters.size() - 2;
  for (std::size_t i = 0; i < dimensions; ++i) add_gamma(log_parameters[i], 3, 6);
  add_gamma(log_parameters[dimensions], 2, 0.15);
  add_gamma(log_parameters[dimensions + 1], 1.1, 0.05);
  return prior;
}

GaussianProcess fit(Samples samples, std::uint64_t seed) {
  check(!samples.inputs.empty(), "fit: no samples");
  const std::size_t dimensions = samples.inputs.front().size();
  const SmoothFunction cost = [&samples](const std::vector<double>& log_parameters) {
    Evaluation total = log_likelihood(samples, log_parameters);
    const Evaluation prior = log_prior(log_parameters);
    total.value = -total.value - prior.value;
    for (std::size_t i = 0; i < total.gradient.size(); ++i) {
      total.gradient[i] = -total.gradient[i] - prior.gradient[i];
    }
    return total;
  };
  Minimum best{.at = {}, .value = std::numeric_limits<double>::infinity()};
  for (int number = 0; number < kStarts; ++number) {
    Minimum minimum = minimise_in_box(cost, start_of(dimensions, number, seed), bounds(dimensions));
    if (minimum.value < best.value) best = std::move(minimum);
  }
  return {std::move(samples), to_kernel(best.at)};
}

}  // namespace pare::search
