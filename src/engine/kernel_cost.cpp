// The model: instructions of a vector unit for 16 samples. Loads count as half of one, for there
// are twice as many of them as dot products that can start in a cycle; so do the instructions
// around a list of weights.

#include "engine/kernel_cost.h"

#include <algorithm>

namespace pare::engine {
namespace {

/// For 16 samples.
struct Costs {
  double dense_bytes;   ///< a group of 4, four outputs sharing what is loaded
  double sparse_bytes;  ///< a group of 4 that is left
  double pair;          ///< a pair that is left
  double image_pair;    ///< the same, of a convolution: its lists are short beside its image
  double pairs_output;  ///< widening the sums of an output to 32 bits
  double dense_shorts;
  double sparse_shorts;
};

Costs costs_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512Vnni:
      return {1.5, 1.7, 1.6, 1.2, 1.5, 1.5, 1.6};
    case InstructionSet::kAvx2:
      return {5.0, 8.0, 3.2, 2.3, 3.0, 4.8, 6.0};
    case InstructionSet::kPortable:
    case InstructionSet::kNeon:
      break;
  }
  return {32, 38, 18, 18, 6, 14, 16};
}

/// How many groups of so many neighbouring weights are not all zero.
std::size_t num_left(const Matrix& matrix, std::size_t size) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    const auto row = matrix.weight.subspan(i * matrix.num_inputs, matrix.num_inputs);
    for (std::size_t j = 0; j < row.size(); j += size) {
      const auto group = row.subspan(j, std::min(size, row.size() - j));
      count += std::any_of(group.begin(), group.end(), [](auto w) { return w != 0; }) ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

std::string_view name_of(KernelKind kind) {
  switch (kind) {
    case KernelKind::kGeneric:
      return "generic";
    case KernelKind::kDenseBytes:
      return "dense-8";
    case KernelKind::kDenseShorts:
      return "dense-16";
    case KernelKind::kCodebook:
      return "codebook";
    case KernelKind::kSparseBytes:
      return "sparse-8";
    case KernelKind::kSparseShorts:
      return "sparse-16";
    case KernelKind::kSparsePairs:
      return "sparse-pairs";
    case KernelKind::kRequantize:
      return "requantize";
    case KernelKind::kThreshold:
      return "threshold";
    case KernelKind::kClamp:
      return "clamp";
    case KernelKind::kAdd:
      return "add";
    case KernelKind::kMaxPool:
      return "max-pool";
    case KernelKind::kLayout:
      return "layout";
    case KernelKind::kSpikes:
      return "spikes";
    case KernelKind::kNeurons:
      break;
  }
  return "neurons";
}

bool is_codebook_faster(std::size_t num_weights) { return num_weights > std::size_t{1} << 20; }

bool is_codebook_unsure(std::size_t num_weights) {
  return num_weights > std::size_t{1} << 17 && num_weights < std::size_t{1} << 23;
}

KernelKind fastest_kernel(const Matrix& matrix, const KernelChoice& choice) {
  const bool is_bytes = matrix.interleave == 4;
  const KernelKind dense = is_bytes ? KernelKind::kDenseBytes : KernelKind::kDenseShorts;
  const KernelKind sparse = is_bytes ? KernelKind::kSparseBytes : KernelKind::kSparseShorts;
  // What has a codebook is as dense.
  if (choice.preferred == KernelKind::kCodebook) return dense;
  if (choice.preferred == dense || choice.preferred == sparse) return *choice.preferred;
  if (choice.allows_pairs && choice.preferred == KernelKind::kSparsePairs) {
    return KernelKind::kSparsePairs;
  }
  const Costs costs = costs_of(choice.instruction_set);
  const std::size_t row = round_up(matrix.num_inputs, matrix.interleave) / matrix.interleave;
  const auto times = [](std::size_t count, double cost) {
    return static_cast<double>(count) * cost;
  };
  KernelKind fastest = dense;
  double lowest =
      times(matrix.num_outputs * row, is_bytes ? costs.dense_bytes : costs.dense_shorts);
  const double sparse_cost = times(num_left(matrix, matrix.interleave),
                                   is_bytes ? costs.sparse_bytes : costs.sparse_shorts);
  if (sparse_cost < lowest) {
    fastest = sparse;
    lowest = sparse_cost;
  }
  const double pair = choice.is_image ? costs.image_pair : costs.pair;
  if (choice.allows_pairs &&
      times(num_left(matrix, 2), pair) + times(matrix.num_outputs, costs.pairs_output) < lowest) {
    fastest = KernelKind::kSparsePairs;
  }
  return fastest;
}

}  // namespace pare::engine
