#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/kernels.h"
#include "engine/linear.h"

namespace pare::engine {

/// What runs a step.
enum class KernelKind : std::uint8_t {
  kGeneric,      ///< any op, int64, one sample after the other
  kDenseBytes,   ///< 8-bit inputs and weights, all weights
  kDenseShorts,  ///< up to 16-bit inputs and weights, all weights
  kCodebook,     ///< as kDenseBytes, weights being numbers of 1, 2 or 4 bits of their values
  kSparseBytes,  ///< as the two, but groups of weights that are all zero are left out
  kSparseShorts,
  kSparsePairs,  ///< unsigned bytes by 8-bit weights in sums of 16 bits; zero pairs are left out
  // Element by element, at most 32 bits:
  kRequantize,
  kThreshold,
  kClamp,
  kAdd,
  // Of images:
  kMaxPool,
  kLayout,  ///< to an image, from it, or zeros around it; the same of spikes
  // One sample's spikes:
  kSpikes,   ///< what spikes add, and the neurons behind it
  kNeurons,  ///< neurons alone
};
inline constexpr std::size_t kNumKernelKinds = 15;

/// "generic", "dense-8", …
std::string_view name_of(KernelKind kind);

/// What may run a linear op on a batch, or a convolution.
struct KernelChoice {
  InstructionSet instruction_set = InstructionSet::kPortable;
  bool allows_pairs = false;  ///< whether inputs may be stored as pairs of unsigned bytes
  std::optional<KernelKind> preferred = std::nullopt;  ///< taken if it fits
  bool is_image = false;                               ///< lanes are positions
};

/// The kernel of a batch, for one row, whose vector instructions are modelled to be the fewest.
/// `matrix` has groups of 4 (bytes) or 2 (shorts).
KernelKind fastest_kernel(const Matrix& matrix, const KernelChoice& choice);

/// Whether one sample is modelled to run faster through weights that have a codebook: looking them
/// up takes longer than loading bytes does, unless these come from beyond a core's own caches.
/// `num_weights`: of all layers, for each sample takes its way through all of them.
bool is_codebook_faster(std::size_t num_weights);

/// Whether that is near enough to be measured.
bool is_codebook_unsure(std::size_t num_weights);

}  // namespace pare::engine
