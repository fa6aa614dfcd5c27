#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// Pixels of a scene (row * columns + column), each list ascending, all disjoint.
struct SceneSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
  std::vector<std::int64_t> test;
  std::int64_t num_guard = 0;  ///< labelled pixels that are in none, to keep the parts apart
};

/// How much goes where. All in (0, 1).
struct SceneShares {
  double train = 0.4;        ///< of the labelled pixels, validation included
  double validation = 0.25;  ///< of the training pixels
};

/// Pixels drawn at random: floor(train * n) of each class, but at least one, for training, of which
/// round(validation * that) validate; the others are the test part. Patches of the parts overlap
/// where fields are larger than patches. `labels`: int64 [rows, columns], kUnlabelled or a class.
SceneSplit split_scene_at_random(const Tensor& labels, const SceneShares& shares,
                                 std::uint64_t seed);

/// What a spatial split keeps apart.
struct SceneBlocks {
  std::int64_t block = 16;  ///< rows and columns of the squares that go into one part as a whole
  std::int64_t patch = 5;   ///< rows and columns of a sample, odd
};

/// Spatially disjoint parts: no pixel of a patch of one part is in a patch of another.
///
/// The scene is cut into blocks, and each goes to the part that still lacks most of the block's
/// rarest class; a class that has two blocks is in the training and in the test part. Where blocks
/// of two parts meet, pixels closer to the other part's block than half a patch are left out if the
/// other part has a labelled pixel less than a patch away: together a band as wide as the patch,
/// less one. If a class is then missing in a part, other orders of the blocks are tried.
/// REQUIRES: block >= 1; patch odd.
/// Ref: the assignment is iterative stratification, Sechidis, Tsoumakas, Vlahavas, "On the
/// stratification of multi-label data", ECML PKDD 2011, with pixels as weights.
SceneSplit split_scene_by_blocks(const Tensor& labels, const SceneShares& shares,
                                 const SceneBlocks& blocks, std::uint64_t seed);

}  // namespace pare::data
