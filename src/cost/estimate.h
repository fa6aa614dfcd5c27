#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace pare::cost {

/// At how many bits the network's input counts in the BOPs of the layers that read it.
enum class InputBits {
  kFloat,  ///< 32, quantized or not, as published figures of Ps and Qs do
  kReal,   ///< those of its quantizer; 32 without one
};

/// What the alive fraction of a layer in the BOPs is a fraction of. Zeros are those of the masked
/// float tensors, not those that quantization adds.
enum class AliveCounting {
  kWeights,     ///< non-zero weights / weights
  kRepository,  ///< non-zero weights and biases / weights and biases, as the code of the authors of
                ///< Ps and Qs counts
};

struct Options {
  InputBits input_bits = InputBits::kFloat;
  AliveCounting counting = AliveCounting::kWeights;
};

/// The elements of one parameter tensor, as stored.
struct Tally {
  std::int64_t count = 0;
  std::int64_t nonzero = 0;            ///< after the mask, as floats
  std::int64_t nonzero_quantized = 0;  ///< after mask and quantizer
  int bits = 32;                       ///< of one element; 32: float

  /// Every element at its width, zeros too.
  std::int64_t dense_bits() const { return count * bits; }
  /// Only what is not zero once quantized. Where the zeros are costs nothing here, as in hardware
  /// that has a wire for each weight; memory needs at least a bit a weight more.
  std::int64_t nonzero_bits() const { return nonzero_quantized * bits; }
};

/// One linear layer or convolution, for one sample (at one time step).
struct LayerCost {
  std::string layer;
  std::int64_t inputs = 0;     ///< n; of a convolution: channels of a group x kernel
  std::int64_t outputs = 0;    ///< m; of a convolution: output channels
  std::int64_t positions = 1;  ///< vectors of n that it is applied to
  int input_bits = 32;         ///< as the options count them
  Tally weights;
  Tally biases;
  std::int64_t macs = 0;          ///< multiply-accumulates: positions m n
  std::int64_t nonzero_macs = 0;  ///< of those, the ones whose weight is not zero once quantized
  double bops = 0;                ///< see cost/bops.h, times positions
};

/// Sums over the layers. Tensors that several layers share are counted once as parameters and bits,
/// each time as operations.
struct Total {
  std::int64_t weights = 0;
  std::int64_t biases = 0;
  std::int64_t nonzero_weights = 0;
  std::int64_t nonzero_weights_quantized = 0;
  std::int64_t nonzero_biases = 0;
  std::int64_t nonzero_biases_quantized = 0;
  std::int64_t dense_bits = 0;
  std::int64_t nonzero_bits = 0;
  /// Elements of batch norm (gain, shift, running mean and variance). They are float, and in no
  /// other figure: freezing folds them into one multiplier and one offset a channel.
  std::int64_t batch_norm = 0;
  std::int64_t macs = 0;
  std::int64_t nonzero_macs = 0;
  double bops = 0;

  std::int64_t parameters() const { return weights + biases; }
  /// Share of the weights that are zero, before quantization.
  double sparsity() const;
};

struct Report {
  Options options;
  std::vector<LayerCost> layers;
  Total total;
};

/// Costs of a network. REQUIRES: the graph passes graph::check. Throws InputError if an accumulator
/// may leave 63 bits, or the network does more than 2^53 multiplications a sample.
Report estimate(const graph::Graph& graph, const Options& options = {});

}  // namespace pare::cost
