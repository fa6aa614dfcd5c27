#include "cli/pixel_runner.h"

#include <numeric>

#include <gmock/gmock.h>

#include "cli/program_run.h"
#include "cli/test_scene_models.h"
#include "data/patches.h"
#include "graph/evaluate.h"

namespace pare::cli {
namespace {

constexpr std::int64_t kBandsOfTest = 16;

/// All pixels of a cube, in an order that goes to and fro.
std::vector<std::int64_t> shuffled_pixels(std::int64_t count) {
  std::vector<std::int64_t> pixels;
  // 1009 is a prime that does not divide `count`.
  for (std::int64_t i = 0; i < count; ++i) pixels.push_back(i * 1009 % count);
  return pixels;
}

TEST(RunOnPixels, SaysWhatTheProgramSaysOfAllPatchesAtOnce) {
  const model::Model model = random_scene_model({kBandsOfTest, 5, 5}, {"a", "b", "c", "d"}, 3);
  const Tensor cube = random_cube({80, 60, kBandsOfTest}, 11);
  const std::vector<std::int64_t> pixels = shuffled_pixels(4800);
  std::vector<std::int64_t> done;
  const std::vector<double> values =
      run_on_pixels(model, cube, pixels, {.patch = 5}, [&](const Progress& progress) {
        EXPECT_EQ(progress.total, 4800);
        done.push_back(progress.done);
      });
  EXPECT_THAT(done, testing::ElementsAre(4096, 4800));
  ASSERT_EQ(values.size(), 4U * 4800);
  EXPECT_EQ(values, run_program(*model.deployment, data::cut_patches(cube, 5, pixels), {}));
  EXPECT_EQ(run_on_pixels(model, cube, pixels, {.patch = 5, .num_threads = 3}, {}), values);
}

TEST(RunOnPixels, SaysWhatTheFloatGraphSaysOfAllPatchesAtOnce) {
  const model::Model model =
      without_program(random_scene_model({kBandsOfTest, 3, 3}, {"a", "b", "c"}, 4));
  const Tensor cube = random_cube({9, 15, kBandsOfTest}, 11);
  const std::vector<std::int64_t> pixels = shuffled_pixels(135);
  const Tensor raw = data::cut_patches(cube, 3, pixels);
  const Tensor all = graph::evaluate(model.graph, graph::map_input(model.graph, raw));
  EXPECT_EQ(run_on_pixels(model, cube, pixels, {.patch = 3}, {}), all.to_doubles());
}

TEST(PixelRunner, TakesFewerPixelsAtOnceWhereTheyAreLarge) {
  // 64 MiB / (16 x 63 x 63 elements x 20 bytes) = 52.8…
  const model::Model model = random_scene_model({kBandsOfTest, 63, 63}, {"a", "b"}, 5);
  const Tensor cube = random_cube({70, 64, kBandsOfTest}, 11);
  EXPECT_EQ(PixelRunner(model, cube, {.patch = 63}).batch_size(), 52);
}

}  // namespace
}  // namespace pare::cli
