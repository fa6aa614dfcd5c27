#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/aligned.h"
#include "engine/epilogue.h"
#include "engine/view.h"

namespace pare::engine {

/// Outputs come in blocks of as many.
inline constexpr std::size_t kBlock = 16;
/// Where they have lists, in so many: those behind the last one have lists too.
inline constexpr std::size_t kListed = 4;

/// Weights that have at most 16 different values, as the numbers of these: a quarter or less of the
/// memory that 8 bits each would take. What weights are does not matter, only how many: ternary
/// ones take 2 bits, -1 and 1 take 1.
struct Codebook {
  int bits = 4;                             ///< of a number: 1, 2 or 4
  std::array<std::int8_t, 16> values = {};  ///< by number, the smallest first
  /// [block of kBlock outputs][set of 8 / bits groups][output of the block]: byte k has the numbers
  /// of input k of every group of the set, those of the first one lowest.
  AlignedVector<std::int32_t> words = {};
};

/// A weight matrix for kernels that multiply `interleave` neighbouring inputs (a group: 4 of 8 bits
/// or 2 of 16 bits, 32 bits in all) by as many weights at once.
struct DenseWeights {
  std::size_t interleave = 4;
  std::size_t num_outputs = 0;
  std::size_t num_inputs = 0;
  std::size_t num_groups = 0;  ///< of inputs; missing inputs have weight 0
  /// [block of kBlock outputs][group][output of the block], the weights of a group in 32 bits, the
  /// first input lowest. Empty where there is a codebook.
  AlignedVector<std::int32_t> groups = {};
  std::optional<Codebook> codebook = std::nullopt;
  AlignedVector<std::int32_t> bias = {};  ///< one an output, with padding
  /// One an output: the sum of its weights times -128, for kernels that take signed 8-bit inputs as
  /// unsigned ones, 128 more. Empty where inputs are not signed or have 16 bits.
  AlignedVector<std::int32_t> offset_bias = {};
  /// Whether two neighbouring products, with inputs so shifted, fit 16 bits.
  bool has_small_pairs = false;
  /// Into runs of how many groups the inputs can be cut so that, for every output, the sum of a
  /// run's products of each pair, in any order, fits 16 bits. 0: not even one group's do.
  std::size_t run = 0;
  /// Where the inputs of each group stand, in LinearOp::input_bytes. Empty: one after the other.
  std::vector<std::uint16_t> inputs = {};
};

/// The same matrix as a list of the groups that are not all zero, output by output; one of zeros
/// for an output that has none.
struct SparseWeights {
  std::size_t interleave = 4;
  std::size_t num_outputs = 0;
  std::vector<std::uint32_t> first = {};  ///< of each output and the end: into the two lists
  /// Number of the group, or where it stands; another one behind the last, for what looks ahead.
  std::vector<std::uint16_t> inputs = {};
  AlignedVector<std::int32_t> groups = {};  ///< its weights, as in DenseWeights
  AlignedVector<std::int32_t> bias = {};
  AlignedVector<std::int32_t> offset_bias = {};
  bool has_small_pairs = false;
};

/// A matrix as a list of pairs of neighbouring 8-bit weights that are not both zero, output by
/// output, for inputs of unsigned bytes and sums that fit 16 bits in any order.
struct PairWeights {
  std::size_t num_outputs = 0;
  std::vector<std::uint32_t> first = {};   ///< of each output and the end: into the two lists
  std::vector<std::uint16_t> inputs = {};  ///< number of the pair, or where it stands
  AlignedVector<std::int32_t> pairs = {};  ///< its weights, twice
  std::vector<std::int16_t> bias = {};
};

/// y = epilogue(weight x + bias), for kernels with sums of 32 or 16 bits.
struct LinearOp {
  std::shared_ptr<const DenseWeights> dense = nullptr;
  std::shared_ptr<const SparseWeights> sparse = nullptr;
  std::shared_ptr<const PairWeights> pairs = nullptr;
  std::shared_ptr<const Epilogue> epilogue = nullptr;
  std::size_t num_rows = 1;  ///< of x: the product of its leading axes
  /// Bytes between inputs whose numbers in the weights' lists differ by 1; 0: all lanes of a group.
  /// A convolution's lanes are positions, and its inputs those of a window, a lane apart or more.
  std::size_t input_bytes = 0;
};

/// What a kernel runs on. x has the weights' interleave; y interleave 4 or 2 (8 bits), 2 (16 bits)
/// or 1.
struct LinearCall {
  const LinearOp& op;
  const View& x;
  const View& y;
  std::int64_t t = 0;
  Extent extent;
};
using LinearKernel = void (*)(const LinearCall&) noexcept;

/// A matrix to be packed, row-major [num_outputs num_inputs].
struct Matrix {
  std::span<const std::int64_t> weight;
  std::span<const std::int64_t> bias = {};
  std::size_t num_outputs = 0;
  std::size_t num_inputs = 0;
  std::size_t interleave = 4;
  program::Interval x = {};  ///< the hull of all inputs
};

/// REQUIRES: weights of 8 bits (interleave 4) or 16 bits (2).
DenseWeights pack_dense(const Matrix& matrix);

/// Inputs that a codebook's matrix can have: batches unpack four outputs at a time, on the stack.
inline constexpr std::size_t kMostCodebookInputs = std::size_t{1} << 14;

/// Whether weights have 8 bits and at most 16 different values.
bool has_few_values(std::span<const std::int64_t> weights);

/// None if weights, with 0 for the inputs that the last group lacks, have more than 16 values, 16
/// bits, or too many inputs. REQUIRES: as pack_dense.
std::optional<DenseWeights> pack_codebook(const Matrix& matrix);

/// REQUIRES: as pack_dense, and at most 2^16 groups.
SparseWeights pack_sparse(const Matrix& matrix);

/// None if some sum, in some order, might not fit 16 bits. REQUIRES: weights of 8 bits, inputs of
/// unsigned bytes, at most 2^17 of them.
std::optional<PairWeights> pack_pairs(const Matrix& matrix);

/// Bytes of packed weights, their bias and lists.
std::size_t bytes_of(const DenseWeights& weights);
std::size_t bytes_of(const SparseWeights& weights);
std::size_t bytes_of(const PairWeights& weights);

}  // namespace pare::engine
