#pragma once

#include <functional>
#include <vector>

namespace pare::search {

/// A function's value and gradient at one place.
struct Evaluation {
  double value = 0;
  std::vector<double> gradient = {};
};

using SmoothFunction = std::function<Evaluation(const std::vector<double>&)>;

/// lower[i] <= x[i] <= upper[i].
struct Box {
  std::vector<double> lower;
  std::vector<double> upper;
};

struct Minimum {
  std::vector<double> at;
  double value = 0;
  int iterations = 0;
};

/// A local minimum of a smooth function in a box, by BFGS with projected steps: variables at a
/// bound that the gradient pushes against are held there, the others take a quasi-Newton step that
/// is cut off at the bounds and shortened until the value falls enough. A value that is not finite
/// counts as infinitely large. Meant for some tens of variables (the approximate inverse of the
/// Hessian is dense).
/// REQUIRES: `start` lies in the box and has a finite value.
/// Ref: Bertsekas, "Projected Newton methods for optimization problems with simple constraints",
/// SIAM J. Control and Optimization 20 (1982).
Minimum minimise_in_box(const SmoothFunction& function, const std::vector<double>& start,
                        const Box& box, int max_iterations = 200);

}  // namespace pare::search
