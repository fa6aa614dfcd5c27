#include "search/bounded_minimiser.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kSufficientDecrease = 1e-4;
constexpr double kSmallestStep = 1e-12;
constexpr double kGradientTolerance = 1e-7;
constexpr double kValueTolerance = 1e-12;

VectorXd to_vector(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
}

/// A place with the function's value and gradient there.
struct State {
  VectorXd x;
  double value = 0;
  VectorXd gradient;

  bool is_finite() const { return std::isfinite(value) && gradient.allFinite(); }
};

class Minimiser {
 public:
  Minimiser(const SmoothFunction& function, const Box& box)
      : function_(&function), lower_(to_vector(box.lower)), upper_(to_vector(box.upper)) {}

  Minimum run(const std::vector<double>& start, int max_iterations) {
    State state = evaluate(to_vector(start));
    check(state.is_finite(), "minimise_in_box: the start has no finite value");
    reset_inverse(state.x.size());
    int iteration = 0;
    for (; iteration < max_iterations; ++iteration) {
      const std::vector<bool> is_held = held(state);
      if (free_gradient(state, is_held) < kGradientTolerance) break;
      State next;
      // A direction that leads nowhere: start again from the steepest descent.
      if (!search_line(state, direction(state, is_held), next)) {
        if (is_fresh_) break;
        reset_inverse(state.x.size());
        continue;
      }
      update_inverse(next.x - state.x, next.gradient - state.gradient);
      const double fall = state.value - next.value;
      state = std::move(next);
      if (fall <= kValueTolerance * (1 + std::abs(state.value))) break;
    }
    return {{state.x.begin(), state.x.end()}, state.value, iteration};
  }

 private:
  State evaluate(const VectorXd& x) const {
    Evaluation evaluation = (*function_)({x.begin(), x.end()});
    return {x, evaluation.value, to_vector(evaluation.gradient)};
  }

  std::vector<bool> held(const State& state) const {
    std::vector<bool> is_held;
    for (Index i = 0; i < state.x.size(); ++i) {
      is_held.push_back((state.x[i] <= lower_[i] && state.gradient[i] > 0) ||
                        (state.x[i] >= upper_[i] && state.gradient[i] < 0));
    }
    return is_held;
  }

  static double free_gradient(const State& state, const std::vector<bool>& is_held) {
    double largest = 0;
    for (Index i = 0; i < state.x.size(); ++i) {
      if (!is_held[static_cast<std::size_t>(i)]) {
        largest = std::max(largest, std::abs(state.gradient[i]));
      }
    }
    return largest;
  }

  /// -H g over the free variables, which is a descent as that part of H is positive definite.
  VectorXd direction(const State& state, const std::vector<bool>& is_held) const {
    VectorXd gradient = state.gradient;
    for (Index i = 0; i < gradient.size(); ++i) {
      if (is_held[static_cast<std::size_t>(i)]) gradient[i] = 0;
    }
    VectorXd step = -(inverse_ * gradient);
    for (Index i = 0; i < step.size(); ++i) {
      if (is_held[static_cast<std::size_t>(i)]) step[i] = 0;
    }
    // The first step knows no curvature: not longer than 1.
    if (is_fresh_ && step.norm() > 1) step.normalize();
    return step;
  }

  /// Goes along the direction, bent at the bounds, as far as the value falls enough.
  bool search_line(const State& state, const VectorXd& direction, State& next) const {
    for (double length = 1; length >= kSmallestStep; length /= 2) {
      const VectorXd x = (state.x + length * direction).cwiseMax(lower_).cwiseMin(upper_);
      const double slope = state.gradient.dot(x - state.x);
      if (slope >= 0) continue;
      next = evaluate(x);
      if (next.is_finite() && next.value <= state.value + kSufficientDecrease * slope) return true;
    }
    return false;
  }

  void reset_inverse(Index size) {
    inverse_ = MatrixXd::Identity(size, size);
    is_fresh_ = true;
  }

  /// BFGS; left out where the curvature along the step is not positive.
  void update_inverse(const VectorXd& step, const VectorXd& change) {
    const double curvature = step.dot(change);
    if (curvature <= 1e-10 * step.norm() * change.norm()) return;
    if (is_fresh_) inverse_ *= curvature / change.squaredNorm();
    is_fresh_ = false;
    const VectorXd image = inverse_ * change;
    inverse_ += ((1 + change.dot(image) / curvature) / curvature) * (step * step.transpose()) -
                (image * step.transpose() + step * image.transpose()) / curvature;
  }

  const SmoothFunction* function_;
  VectorXd lower_;
  VectorXd upper_;
  MatrixXd inverse_;  ///< of the Hessian, approximately
  bool is_fresh_ = true;
};

}  // namespace

Minimum minimise_in_box(const SmoothFunction& function, const std::vector<double>& start,
                        const Box& box, int max_iterations) {
  check(start.size() == box.lower.size() && start.size() == box.upper.size(),
        "minimise_in_box: sizes differ");
  return Minimiser(function, box).run(start, max_iterations);
}

}  // namespace pare::search
