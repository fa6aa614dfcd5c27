#include "cli/pixel_classes.h"

#include <numeric>
#include <set>

#include <gmock/gmock.h>

#include "base/error.h"
#include "cli/program_run.h"
#include "cli/test_scene_models.h"
#include "data/patches.h"
#include "graph/evaluate.h"
#include "metrics/accuracy.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kBands = 16;

Tensor patches_of_all(const Tensor& cube, std::int64_t patch) {
  std::vector<std::int64_t> pixels(static_cast<std::size_t>(cube.dim(0) * cube.dim(1)));
  std::iota(pixels.begin(), pixels.end(), 0);
  return data::cut_patches(cube, patch, pixels);
}

std::vector<std::int64_t> largest(const std::vector<double>& values, std::size_t classes) {
  const std::vector<float> scores(values.begin(), values.end());
  return metrics::predictions({scores, classes});
}

std::vector<std::int64_t> elements(const Tensor& tensor) {
  const auto all = tensor.as<std::int64_t>();
  return {all.begin(), all.end()};
}

TEST(ClassifyPixels, AreWhatTheProgramSaysOfTheirPatchesInAnyBatchesAndThreads) {
  const model::Model model = random_scene_model({kBands, 5, 5}, {"a", "b", "c", "d"}, 3);
  // 4800 pixels, and the most in a batch are 4096.
  const Tensor cube = random_cube({80, 60, kBands}, 9);
  std::vector<std::int64_t> done;
  const Tensor classes =
      classify_pixels(PixelRunner(model, cube, {.patch = 5}), [&](const Progress& progress) {
        EXPECT_EQ(progress.total, 4800);
        done.push_back(progress.done);
      });
  EXPECT_EQ(classes.shape(), (Shape{80, 60}));
  EXPECT_THAT(done, testing::ElementsAre(4096, 4800));
  const std::vector<double> values = run_program(*model.deployment, patches_of_all(cube, 5), {});
  EXPECT_EQ(elements(classes), largest(values, 4));
  const auto found = elements(classes);
  EXPECT_GE(std::set<std::int64_t>(found.begin(), found.end()).size(), 3U);
  EXPECT_EQ(classify_pixels(PixelRunner(model, cube, {.patch = 5, .num_threads = 3}), {}), classes);
}

TEST(ClassifyPixels, OfAFloatGraphAreWhatItSays) {
  const model::Model model =
      without_program(random_scene_model({kBands, 3, 3}, {"a", "b", "c"}, 4));
  const Tensor cube = random_cube({9, 15, kBands}, 9);
  const Tensor all =
      graph::evaluate(model.graph, graph::map_input(model.graph, patches_of_all(cube, 3)));
  EXPECT_EQ(elements(classify_pixels(PixelRunner(model, cube, {.patch = 3}), {})),
            largest(all.to_doubles(), 3));
}

TEST(ClassifyPixels, RefuseWhatDependsOnOtherPixels) {
  model::Model model = without_program(random_scene_model({kBands, 3, 3}, {"a", "b"}, 5));
  graph::Graph& graph = model.graph;
  graph.output = graph::add_node(graph, "bn", graph::BatchNorm{}, {graph.output});
  EXPECT_THAT(
      [&] {
        classify_pixels(PixelRunner(model, random_cube({4, 4, kBands}, 9), {.patch = 3}), {});
      },
      ThrowsMessage<InputError>(HasSubstr("statistics of its batch")));
}

}  // namespace
}  // namespace pare::cli
