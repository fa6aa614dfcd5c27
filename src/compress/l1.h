#pragma once

#include "nn/network.h"

namespace pare::compress {

/// The penalty strength * sum |w| over every weight and every batch-norm gain; biases, shifts and
/// quantizer ranges are left alone (Ps and Qs, section 5 of the method's page).
class L1 {
 public:
  explicit L1(double strength) : strength_(strength) {}

  /// The penalty, summed in double in the order of the flat buffer.
  double value(const nn::Network& network) const;

  /// Adds strength * sign(w) to the gradients; 0 where w is 0.
  void add_gradient(nn::Network& network) const;

 private:
  double strength_;
};

}  // namespace pare::compress
