#include "metrics/softmax.h"

#include <algorithm>
#include <cmath>

namespace pare::metrics {

void softmax(std::span<double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& x : values) sum += x = std::exp(x - largest);
  for (double& x : values) x /= sum;
}

void to_probabilities(std::span<double> outputs) {
  if (outputs.size() == 1) {
    outputs[0] = 1 / (1 + std::exp(-outputs[0]));
  } else {
    softmax(outputs);
  }
}

}  // namespace pare::metrics
