#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "graph/format.h"

namespace pare::graph {

// Every op is a plain struct. It lists its fields once in `fields`: equality, printing and file
// format derive from that list. Adding an op to the variant makes every place that must know it
// fail to compile.
//
// Shapes are of one sample at one step, row-major: [C], [C,L], [C,H,W], [C,D,H,W].

/// y = W x + b. x [.., n], W [m, n], b [m], y [.., m].
struct Linear {
  ParameterId weight;
  std::optional<ParameterId> bias = std::nullopt;

  static constexpr std::string_view kind = "linear";
  static void fields(auto& self, auto&& f) {
    f("weight", self.weight);
    f("bias", self.bias);
  }
  friend bool operator==(const Linear&, const Linear&) = default;
};

/// y = gain (x - mean) / sqrt(variance + epsilon) + shift per channel (axis 0).
/// While training, mean and (biased) variance are the batch's, and the running ones move towards
/// the batch's (unbiased variance) by `momentum`. Without running statistics the batch's are used
/// in evaluation too. Ref: Ioffe and Szegedy 2015.
struct BatchNorm {
  std::optional<ParameterId> gain = std::nullopt;   ///< absent: 1
  std::optional<ParameterId> shift = std::nullopt;  ///< absent: 0
  std::optional<ParameterId> mean = std::nullopt;   ///< both absent: no running statistics
  std::optional<ParameterId> variance = std::nullopt;
  double epsilon = 1e-5;
  double momentum = 0.1;

  static constexpr std::string_view kind = "batch_norm";
  static void fields(auto& self, auto&& f) {
    f("gain", self.gain);
    f("shift", self.shift);
    f("mean", self.mean);
    f("variance", self.variance);
    f("epsilon", self.epsilon);
    f("momentum", self.momentum);
  }
  friend bool operator==(const BatchNorm&, const BatchNorm&) = default;
};

/// max(x, 0).
struct Relu {
  static constexpr std::string_view kind = "relu";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Relu&, const Relu&) = default;
};

/// exp(x_i) / sum_j exp(x_j) over the channels (axis 0).
struct Softmax {
  static constexpr std::string_view kind = "softmax";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Softmax&, const Softmax&) = default;
};

/// In training each element is 0 with probability `rate`, else divided by 1 - rate; in evaluation
/// the identity.
struct Dropout {
  double rate = 0.5;

  static constexpr std::string_view kind = "dropout";
  static void fields(auto& self, auto&& f) { f("rate", self.rate); }
  friend bool operator==(const Dropout&, const Dropout&) = default;
};

/// Rounds a wire to a grid: what the wire carries from here on are codes.
struct Quantize {
  Quantizer quantizer;

  static constexpr std::string_view kind = "quantize";
  static void fields(auto& self, auto&& f) { f("quantizer", self.quantizer); }
  friend bool operator==(const Quantize&, const Quantize&) = default;
};

/// Sum of two wires of one shape. One of them may be `once` and the other `each_step`.
struct Add {
  static constexpr std::string_view kind = "add";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Add&, const Add&) = default;
};

/// Joins wires along the channels (axis 0); the other axes are equal.
struct Concat {
  static constexpr std::string_view kind = "concat";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Concat&, const Concat&) = default;
};

/// [C, …] -> [C * …], row-major.
struct Flatten {
  static constexpr std::string_view kind = "flatten";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Flatten&, const Flatten&) = default;
};

using Op = std::variant<Linear, BatchNorm, Relu, Softmax, Dropout, Quantize, Add, Concat, Flatten>;

}  // namespace pare::graph
