#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/tensor.h"
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

/// Convolution (cross-correlation) over one to three spatial axes:
///
///     y[m, o] = b[m] + sum over c, k of W[m, c, k] x[g c' + c, stride o + dilation k - padding]
///
/// x [C, spatial …], W [M, C / groups, kernel …], b [M], y [M, spatial …]; group g = m / (M /
/// groups) reads the c' = C / groups channels from g c' on; outside of x lie zeros. groups = C is
/// depthwise. Each list has a number an axis, `padding` what is added in front of each axis and
/// then what is added behind each. Ref: ONNX Conv.
struct Conv {
  ParameterId weight;
  std::optional<ParameterId> bias = std::nullopt;
  Shape stride;
  Shape padding;
  Shape dilation;
  std::int64_t groups = 1;

  static constexpr std::string_view kind = "conv";
  static void fields(auto& self, auto&& f) {
    f("weight", self.weight);
    f("bias", self.bias);
    f("stride", self.stride);
    f("padding", self.padding);
    f("dilation", self.dilation);
    f("groups", self.groups);
  }
  friend bool operator==(const Conv&, const Conv&) = default;
};

/// Which elements a pooling joins: a window of `size` that slides over the spatial axes of each
/// channel as Conv's kernel does. An empty size is all of the spatial axes (global pooling);
/// stride, padding and dilation are then empty too.
struct PoolWindow {
  Shape size = {};
  Shape stride = {};
  Shape padding = {};
  Shape dilation = {};

  bool is_global() const { return size.empty(); }
  static void fields(auto& self, auto&& f) {
    f("size", self.size);
    f("stride", self.stride);
    f("padding", self.padding);
    f("dilation", self.dilation);
  }
  friend bool operator==(const PoolWindow&, const PoolWindow&) = default;
};

/// The largest element of each window; padding is never the largest. Every window has an element.
struct MaxPool {
  PoolWindow window;

  static constexpr std::string_view kind = "max_pool";
  static void fields(auto& self, auto&& f) { PoolWindow::fields(self.window, f); }
  friend bool operator==(const MaxPool&, const MaxPool&) = default;
};

/// The mean of each window. With `counts_padding` padded zeros are elements like others and every
/// window has the same divisor; without, borders divide by what is there.
struct AveragePool {
  PoolWindow window;
  bool counts_padding = true;

  static constexpr std::string_view kind = "average_pool";
  static void fields(auto& self, auto&& f) {
    PoolWindow::fields(self.window, f);
    f("counts_padding", self.counts_padding);
  }
  friend bool operator==(const AveragePool&, const AveragePool&) = default;
};

/// The sum of each window.
struct SumPool {
  PoolWindow window;

  static constexpr std::string_view kind = "sum_pool";
  static void fields(auto& self, auto&& f) { PoolWindow::fields(self.window, f); }
  friend bool operator==(const SumPool&, const SumPool&) = default;
};

/// y = gain (x - mean) / sqrt(variance + epsilon) + shift per channel (axis 0). epsilon may be 0
/// where all running variances are positive.
/// While training, mean and (biased) variance are the batch's, and the running ones move towards
/// the batch's (unbiased variance) by `momentum`; with epsilon 0 it uses the running ones and
/// leaves them as they are: a scale and shift. Without running statistics the batch's are used in
/// evaluation too. Ref: Ioffe and Szegedy 2015.
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

/// x where x >= 0, slope x elsewhere; slope at most 1. Ref: Maas et al. 2013.
struct LeakyRelu {
  double slope = 0.01;

  static constexpr std::string_view kind = "leaky_relu";
  static void fields(auto& self, auto&& f) { f("slope", self.slope); }
  friend bool operator==(const LeakyRelu&, const LeakyRelu&) = default;
};

/// 1 / (1 + exp(-x)).
struct Sigmoid {
  static constexpr std::string_view kind = "sigmoid";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Sigmoid&, const Sigmoid&) = default;
};

/// (exp(x) - exp(-x)) / (exp(x) + exp(-x)).
struct Tanh {
  static constexpr std::string_view kind = "tanh";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Tanh&, const Tanh&) = default;
};

/// Any function of a wire's codes: y = values[code - lowest code of the wire's grid], one table for
/// all elements with an entry for each code.
struct Table {
  ParameterId values;

  static constexpr std::string_view kind = "table";
  static void fields(auto& self, auto&& f) { f("values", self.values); }
  friend bool operator==(const Table&, const Table&) = default;
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

/// The same elements in row-major order under another shape.
struct Reshape {
  Shape shape;

  static constexpr std::string_view kind = "reshape";
  static void fields(auto& self, auto&& f) { f("shape", self.shape); }
  friend bool operator==(const Reshape&, const Reshape&) = default;
};

/// The axes in another order: y's axis i is x's axis order[i]. `order` has each axis of a sample's
/// shape once. Ref: ONNX Transpose, there with the batch.
struct Transpose {
  Shape order;

  static constexpr std::string_view kind = "transpose";
  static void fields(auto& self, auto&& f) { f("order", self.order); }
  friend bool operator==(const Transpose&, const Transpose&) = default;
};

/// The same value at each of `steps` steps: a wire that is `once` becomes `each_step`. A layer in
/// front of it runs once a sample (direct coding).
struct Repeat {
  std::int64_t steps = 1;

  static constexpr std::string_view kind = "repeat";
  static void fields(auto& self, auto&& f) { f("steps", self.steps); }
  friend bool operator==(const Repeat&, const Repeat&) = default;
};

/// The sum over all steps: a wire that is `each_step` becomes `once`. An output that accumulates
/// and does not spike.
struct SumOverTime {
  static constexpr std::string_view kind = "sum_over_time";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const SumOverTime&, const SumOverTime&) = default;
};

/// What a spike leaves of the membrane: `soft` takes the threshold off, `hard` sets it to 0.
enum class Reset { kSoft, kHard };

/// The shape h(x) of a surrogate gradient, 1 at x = 0: triangle max(0, 1 - |x|), sigmoid
/// 4 s(x) (1 - s(x)) with s the logistic function, arctan 1 / (1 + (pi x / 2)^2).
enum class SurrogateShape { kTriangle, kSigmoid, kArctan };

/// The derivative that training takes for a spike's: with z = u / threshold - 1,
/// d spike / dz = gain h(z / width).
struct Surrogate {
  SurrogateShape shape = SurrogateShape::kTriangle;
  double gain = 0.3;
  double width = 1;

  static void fields(auto& self, auto&& f) {
    f("shape", self.shape);
    f("gain", self.gain);
    f("width", self.width);
  }
  friend bool operator==(const Surrogate&, const Surrogate&) = default;
};

/// Leaky integrate-and-fire neurons, one an element. The membrane c starts at 0; at each step, with
/// x the current, V the threshold and l the leak (each one, or one a channel):
///
///     u = c + x
///     spike = u > V (strict), or u >= V
///     r = u - V spike (soft reset), or 0 where there was a spike and u elsewhere (hard)
///     c = q(l r); where the leak does not act on the reset: c = q(l u) - V spike
///
/// A hard reset is the same with and without the leak on it. Without a leak l = 1: integrate and
/// fire. Spikes are 0 and 1. With the format "membrane" held and a current that has a grid, the
/// membrane lies on the grid of step (current's step) / 2^fraction_bits: V is rounded to it (at
/// least one step), q rounds to it, half to even, and c saturates at the ends of the format.
/// Otherwise q is the identity. The leak's grid is its parameter's, of a power-of-two step.
/// Ref: Rathi and Roy, DIET-SNN (2020), for the strict, soft, leaked reset and learned V and l.
struct Spike {
  ParameterId threshold = {};  ///< positive
  std::optional<ParameterId> leak = std::nullopt;
  bool is_strict = true;
  Reset reset = Reset::kSoft;
  bool leaks_reset = true;
  std::int64_t fraction_bits = 0;  ///< 0 … 16
  Surrogate surrogate = {};

  static constexpr std::string_view kind = "spike";
  static void fields(auto& self, auto&& f) {
    f("threshold", self.threshold);
    f("leak", self.leak);
    f("strict", self.is_strict);
    f("reset", self.reset);
    f("leaks_reset", self.leaks_reset);
    f("fraction_bits", self.fraction_bits);
    f("surrogate", self.surrogate);
  }
  friend bool operator==(const Spike&, const Spike&) = default;
};

using Op = std::variant<Linear, Conv, MaxPool, AveragePool, SumPool, BatchNorm, Relu, LeakyRelu,
                        Sigmoid, Tanh, Table, Softmax, Dropout, Quantize, Add, Concat, Flatten,
                        Reshape, Transpose, Repeat, SumOverTime, Spike>;

/// The parameters of an op that multiplies its input by weights (what recipes call a layer).
struct LayerParameters {
  ParameterId weight;
  std::optional<ParameterId> bias = std::nullopt;
};

/// Those of Linear and Conv; none for any other op.
inline std::optional<LayerParameters> layer_parameters(const Op& op) {
  if (const auto* linear = std::get_if<Linear>(&op))
    return LayerParameters{linear->weight, linear->bias};
  if (const auto* conv = std::get_if<Conv>(&op)) return LayerParameters{conv->weight, conv->bias};
  return std::nullopt;
}

}  // namespace pare::graph
