#include "cost/bops.h"

#include <cmath>

#include "base/error.h"

namespace pare::cost {

double bops(std::int64_t outputs, std::int64_t inputs, double alive_fraction, int input_bits,
            int weight_bits) {
  check(outputs >= 1 && inputs >= 1, "bops: a layer without inputs or outputs");
  check(alive_fraction >= 0 && alive_fraction <= 1, "bops: alive fraction outside 0 … 1");
  const double n = static_cast<double>(inputs);
  const double product = static_cast<double>(input_bits) * weight_bits;
  const double accumulator = input_bits + weight_bits + std::log2(n);
  return static_cast<double>(outputs) * n * (alive_fraction * product + accumulator);
}

}  // namespace pare::cost
