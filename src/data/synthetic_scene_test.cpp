#include "data/synthetic_scene.h"

#include <algorithm>
#include <span>

#include <gmock/gmock.h>

namespace pare::data {
namespace {

double square_distance(std::span<const float> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    sum += difference * difference;
  }
  return sum;
}

TEST(SyntheticScene, IsTheSameForTheSameSeed) {
  const CatalogueSet set = find_set("synthetic/scene");
  const Scene scene = make_synthetic_scene(set);
  EXPECT_EQ(scene.cube, make_synthetic_scene(set).cube);
  const Scene other = make_synthetic_scene(set, 2);
  EXPECT_NE(scene.cube, other.cube);
  EXPECT_EQ(scene.labels, other.labels);  // the fields belong to the problem
}

TEST(SyntheticScene, HasPixelsOfEveryClassAndUnlabelledBorders) {
  const Scene scene = make_synthetic_scene(find_set("synthetic/scene"));
  EXPECT_EQ(scene.cube.shape(), (Shape{64, 64, 32}));
  for (const std::int64_t count : class_counts(scene)) EXPECT_GT(count, 100);
  const auto labels = scene.labels.as<std::int64_t>();
  EXPECT_GT(std::count(labels.begin(), labels.end(), kUnlabelled), 100);
}

TEST(SyntheticScene, SpectraTellClassesApart) {
  // The nearest mean spectrum is right far more often than one time in six.
  const Scene scene = make_synthetic_scene(find_set("synthetic/scene"));
  const auto labels = scene.labels.as<std::int64_t>();
  const auto cube = scene.cube.as<float>();
  std::vector<std::vector<double>> means(6, std::vector<double>(32));
  const std::vector<std::int64_t> counts = class_counts(scene);
  for (std::size_t pixel = 0; pixel < labels.size(); ++pixel) {
    if (labels[pixel] == kUnlabelled) continue;
    const auto c = static_cast<std::size_t>(labels[pixel]);
    for (std::size_t b = 0; b < 32; ++b) {
      means[c][b] += static_cast<double>(cube[pixel * 32 + b]) / static_cast<double>(counts[c]);
    }
  }
  int right = 0;
  int all = 0;
  for (std::size_t pixel = 0; pixel < labels.size(); ++pixel) {
    if (labels[pixel] == kUnlabelled) continue;
    const auto nearest = std::min_element(means.begin(), means.end(), [&](auto& a, auto& b) {
      return square_distance(cube.subspan(pixel * 32, 32), a) <
             square_distance(cube.subspan(pixel * 32, 32), b);
    });
    right += nearest - means.begin() == labels[pixel] ? 1 : 0;
    ++all;
  }
  EXPECT_GT(right, all * 3 / 4);
  EXPECT_LT(right, all);  // it is not trivial either
}

}  // namespace
}  // namespace pare::data
