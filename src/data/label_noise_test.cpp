#include "data/label_noise.h"

#include <algorithm>

#include <gmock/gmock.h>

namespace pare::data {
namespace {

constexpr std::int64_t kRows = 1000;

Tensor alternating() {
  Tensor labels(DType::kI64, {kRows});
  for (std::size_t i = 0; i < kRows; ++i)
    labels.as<std::int64_t>()[i] = static_cast<std::int64_t>(i % 5);
  return labels;
}

TEST(LabelNoise, HalfTouchesExactlyTheFirstHalf) {
  const Tensor clean = alternating();
  Tensor noised = clean;
  randomise_labels(noised, 0.5, 5, 42);
  const auto before = clean.as<std::int64_t>();
  const auto after = noised.as<std::int64_t>();
  EXPECT_TRUE(std::equal(before.begin() + 500, before.end(), after.begin() + 500));
  int changed = 0;
  for (std::size_t i = 0; i < 500; ++i) {
    changed += before[i] != after[i] ? 1 : 0;
    EXPECT_GE(after[i], 0);
    EXPECT_LT(after[i], 5);
  }
  // A fifth keep theirs by chance: 400 expected, standard deviation 9.
  EXPECT_NEAR(changed, 400, 40);
}

TEST(LabelNoise, NoneIsIdentity) {
  Tensor labels = alternating();
  randomise_labels(labels, 0, 5, 42);
  EXPECT_EQ(labels, alternating());
}

TEST(LabelNoise, AllTouchesTheLastRow) {
  // Whether the last row changes is chance, so over some seeds it must.
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Tensor labels = alternating();
    randomise_labels(labels, 1, 5, seed);
    changed += labels.as<std::int64_t>()[kRows - 1] != (kRows - 1) % 5 ? 1 : 0;
  }
  EXPECT_GT(changed, 5);
}

TEST(LabelNoise, FilesAndSeedsDiffer) {
  Tensor train = alternating();
  Tensor validation = alternating();
  Tensor other_seed = alternating();
  randomise_labels(train, 1, 5, 1);
  randomise_labels(validation, 1, 5, 1, NoisedFile::kValidation);
  randomise_labels(other_seed, 1, 5, 2);
  EXPECT_NE(train, validation);
  EXPECT_NE(train, other_seed);
}

}  // namespace
}  // namespace pare::data
