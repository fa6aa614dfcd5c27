#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "rewrite/mlp.h"

namespace pare::train {
namespace {

Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.position = {.stage = 2,
                         .epoch = 5,
                         .best_loss = 0.1 + 0.2,
                         .best_epoch = 3,
                         .epochs_since_best = 1,
                         .total_epochs = 41,
                         .metrics_bytes = 12345,
                         .events_bytes = 678};
  checkpoint.environment = current_environment();
  checkpoint.graph = rewrite::mlp({.hidden = {3}}, {2}, {"a", "b"}, 1);
  checkpoint.optimizer["m"] = torch::randn({7});
  return checkpoint;
}

TEST(Checkpoint, EverythingComesBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  Checkpoint before = example();
  before.best = rewrite::mlp({.hidden = {3}}, {2}, {"a", "b"}, 2);
  save_checkpoint(path, before);
  const Checkpoint after = load_checkpoint(path);
  EXPECT_EQ(after.position, before.position);
  EXPECT_EQ(after.environment, before.environment);
  EXPECT_EQ(after.graph, before.graph);
  EXPECT_EQ(after.best, before.best);
  ASSERT_EQ(after.optimizer.size(), 1U);
  EXPECT_TRUE(torch::equal(after.optimizer.at("m"), before.optimizer.at("m")));
}

TEST(Checkpoint, NoBestYetComesBackAsNone) {
  const TemporaryFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  Checkpoint before = example();
  before.position = {};
  save_checkpoint(path, before);
  const Checkpoint after = load_checkpoint(path);
  EXPECT_EQ(after.position, before.position);
  EXPECT_FALSE(after.best.has_value());
}

TEST(Checkpoint, ADamagedFileIsAnInputError) {
  const TemporaryFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  save_checkpoint(path, example());
  const auto bytes = read_file(path);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{4}, bytes.size() / 2, bytes.size() - 1}) {
    write_file_atomic(path, std::span(bytes).first(length));
    EXPECT_THROW(load_checkpoint(path), InputError) << length;
  }
}

TEST(Environment, TheDifferenceNamesWhatChanged) {
  const Environment before{"cpu", 1, "1.13.1", "AVX2"};
  Environment now = before;
  EXPECT_EQ(difference(before, now), "");
  now.threads = 2;
  now.cpu = "DEFAULT";
  EXPECT_EQ(difference(before, now), "threads 2 (was 1), cpu DEFAULT (was AVX2)");
}

}  // namespace
}  // namespace pare::train
