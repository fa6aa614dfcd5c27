#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/tensor.h"
#include "graph/format.h"

namespace pare::graph {

/// What a parameter is to the network. Regularisers, optimisers and printers select by it.
enum class Role {
  kWeight,     ///< multiplies a layer's input; what pruning and weight quantization act on
  kBias,       ///< added to a layer's output
  kGain,       ///< batch norm's gamma
  kShift,      ///< batch norm's beta
  kMean,       ///< running mean
  kVariance,   ///< running variance
  kRange,      ///< a quantizer's range s
  kLogRange,   ///< log2 of a quantizer's range
  kStep,       ///< a quantizer's step
  kZeroPoint,  ///< a quantizer's code of 0
  kBits,       ///< a quantizer's width
  kThreshold,  ///< a spiking neuron's
  kLeak,       ///< a spiking neuron's
  kTable,      ///< the entries of a Table
  kAuxiliary,  ///< state of a compression method (rewind weights, ADMM's Z and U, …)
};

/// The stored tensor is the parameter.
struct Dense {
  static constexpr std::string_view kind = "dense";
  static void fields(auto&, auto&&) {}
  friend bool operator==(const Dense&, const Dense&) = default;
};

/// The stored tensor [p, q, k] holds the first columns of p x q circulant blocks of size k: the
/// parameter is [p k, q k] with C[r][c] = w[(r - c) mod k] inside a block.
struct BlockCirculant {
  std::int64_t block_size = 1;

  static constexpr std::string_view kind = "block_circulant";
  static void fields(auto& self, auto&& f) { f("block_size", self.block_size); }
  friend bool operator==(const BlockCirculant&, const BlockCirculant&) = default;
};

using Structure = std::variant<Dense, BlockCirculant>;

/// One named tensor of a network. Its value is stored -> mask -> quantizer -> structure, in that
/// order: mask and codes live on the stored tensor, so that masks and structures compose.
struct Parameter {
  std::string name;  ///< unique in the graph, "fc1.weight.range"
  Role role = Role::kAuxiliary;
  Tensor stored = {};                         ///< float32 (kBits, kZeroPoint: int32)
  std::optional<Tensor> mask = std::nullopt;  ///< u8 of stored's shape: 0 = pruned
  std::optional<Quantizer> quantizer = std::nullopt;
  Structure structure = Dense{};
  bool is_trainable = true;

  friend bool operator==(const Parameter&, const Parameter&) = default;
};

}  // namespace pare::graph
