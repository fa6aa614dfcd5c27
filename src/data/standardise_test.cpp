#include "data/standardise.h"

#include <cmath>

#include <gmock/gmock.h>

namespace pare::data {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

TEST(Standardise, PopulationStatistics) {
  const Standardisation by = statistics(Tensor::from<float>({4, 2}, {1, 10, 2, 10, 3, 10, 4, 10}));
  EXPECT_THAT(by.mean, ElementsAre(DoubleEq(2.5), DoubleEq(10)));
  EXPECT_THAT(by.scale, ElementsAre(DoubleEq(std::sqrt(1.25)), 1.0));
}

TEST(Standardise, AConstantThatHasNoExactMeanKeepsScaleOne) {
  const Standardisation by = statistics(Tensor::from<float>({3, 1}, {0.1f, 0.1f, 0.1f}));
  EXPECT_THAT(by.scale, ElementsAre(1.0));
}

TEST(Standardise, ChannelsOfImagesShareStatistics) {
  const Standardisation by = statistics(Tensor::from<float>({1, 2, 2}, {0, 2, 5, 5}));
  EXPECT_THAT(by.mean, ElementsAre(1.0, 5.0));
  EXPECT_EQ(standardise(Tensor::from<float>({1, 2, 2}, {0, 2, 5, 6}), by),
            Tensor::from<float>({1, 2, 2}, {-1, 1, 0, 1}));
}

TEST(Standardise, EmptyLeavesInputsAlone) {
  const Tensor inputs = Tensor::from<float>({1, 2}, {3, 4});
  EXPECT_EQ(standardise(inputs, {}), inputs);
}

TEST(Standardise, RemappedInputsCarryTheirOwnStatistics) {
  const Tensor inputs = Tensor::from<float>({3, 1}, {100, 200, 400});
  const Standardisation own = statistics(inputs);
  const Standardisation others{.mean = {-3}, .scale = {0.5}};
  EXPECT_THAT(standardise(remap(inputs, own, others), others).as<float>(),
              Pointwise(FloatNear(1e-6f), standardise(inputs, own).as<float>()));
}

}  // namespace
}  // namespace pare::data
