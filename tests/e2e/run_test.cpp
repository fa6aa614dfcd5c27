// `pare run` from outside: what it writes, that it is deterministic, and that nothing is lost when
// it is killed or the disk is full.

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/mount.h>

#include "e2e/process.h"

namespace pare::e2e {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecipe = R"(
name = "small"
seed = 7
[data]
set = "synthetic/mixture"
synthetic_samples = 6000
[model]
hidden = [32, 16]
dropout = 0.1
[train]
epochs = 6
batch_size = 64
patience = 3
l1 = 1e-5
[[stage]]
name = "float"
[[stage]]
name = "qat"
quantize = { bits = 6 }
[[stage]]
name = "qap"
prune = { fractions = [0.4, 0.5] }
)";

std::string write_recipe(const TemporaryFolder& folder, const std::string& text = kRecipe) {
  const std::string path = folder / "recipe.toml";
  std::ofstream(path) << text;
  return path;
}

Finished run_recipe(const std::string& recipe, const std::string& out,
                    std::optional<std::chrono::milliseconds> kill_after = std::nullopt) {
  return run({program("pare"), "run", recipe, "-o", out, "--resume"}, kill_after);
}

/// metrics.jsonl without the fields that state times.
std::vector<nlohmann::json> metrics_without_times(const std::string& folder) {
  std::istringstream lines(contents(folder + "/metrics.jsonl"));
  std::vector<nlohmann::json> result;
  for (std::string line; std::getline(lines, line);) {
    result.push_back(nlohmann::json::parse(line));
    result.back().erase("seconds");
  }
  return result;
}

TEST(Run, WritesEverythingThatItPromises) {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  const Finished finished = run_recipe(write_recipe(folder), out);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_NE(finished.out.find("synthetic"), std::string::npos) << finished.out;
  for (const char* file :
       {"recipe.toml", "metrics.jsonl", "model.pare", "log.txt", "events.out.tfevents.pare",
        "checkpoint/latest.safetensors", "stages/float.pare", "stages/qap-2.pare", "report.html"}) {
    EXPECT_TRUE(fs::file_size(out + "/" + file) > 0) << file;
  }
  const auto lines = metrics_without_times(out);
  const auto ends = std::count_if(lines.begin(), lines.end(),
                                  [](const auto& line) { return line["event"] == "stage_end"; });
  EXPECT_EQ(ends, 4);
}

TEST(Run, TheSameRecipeTwiceGivesTheSameBits) {
  const TemporaryFolder folder;
  const std::string recipe = write_recipe(folder);
  ASSERT_EQ(run_recipe(recipe, folder / "a").exit_code, 0);
  ASSERT_EQ(run_recipe(recipe, folder / "b").exit_code, 0);
  EXPECT_EQ(metrics_without_times(folder / "a"), metrics_without_times(folder / "b"));
  EXPECT_EQ(contents(folder / "a/model.pare"), contents(folder / "b/model.pare"));
}

TEST(Run, AnotherSeedGivesAnotherNetwork) {
  const TemporaryFolder folder;
  const std::string recipe = write_recipe(folder);
  ASSERT_EQ(run_recipe(recipe, folder / "a").exit_code, 0);
  ASSERT_EQ(run({program("pare"), "run", recipe, "-o", folder / "b", "--set", "seed=8"}).exit_code,
            0);
  EXPECT_NE(contents(folder / "a/model.pare"), contents(folder / "b/model.pare"));
}

TEST(Run, KilledAtThirtyRandomMomentsAndResumedEndsWithTheSameBits) {
  const TemporaryFolder folder;
  const std::string recipe = write_recipe(folder);
  ASSERT_EQ(run_recipe(recipe, folder / "whole").exit_code, 0);
  const auto expected_metrics = metrics_without_times(folder / "whole");
  const std::string expected_model = contents(folder / "whole/model.pare");

  constexpr int kKills = 30;
  constexpr unsigned kSeed = 20240917;
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<int> milliseconds(100, 2000);
  int kills = 0;
  int finished_runs = 0;
  for (int attempt = 0; (kills < kKills || finished_runs == 0) && attempt < 400; ++attempt) {
    const std::string out = folder / ("killed-" + std::to_string(finished_runs));
    const Finished result =
        run_recipe(recipe, out, std::chrono::milliseconds(milliseconds(random)));
    if (result.exit_code == -1) {
      ++kills;
      continue;
    }
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(contents(out + "/model.pare"), expected_model) << "after " << kills << " kills";
    EXPECT_EQ(metrics_without_times(out), expected_metrics) << "after " << kills << " kills";
    ++finished_runs;
  }
  EXPECT_GE(kills, kKills);
  EXPECT_GE(finished_runs, 1);
}

TEST(Run, AFullDiskIsAnErrorAndTheRunGoesOnWhenThereIsRoom) {
  const TemporaryFolder folder;
  const std::string disk = folder / "disk";
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=120k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs needs root";
  }
  const std::string recipe = write_recipe(folder);
  const std::string filler = disk + "/filler";
  const std::string out = disk + "/run";
  std::ofstream(filler) << std::string(60 * 1024, 'x');
  const Finished full = run_recipe(recipe, out);
  EXPECT_EQ(full.exit_code, 3) << full.out << full.err;
  EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
  EXPECT_NE(full.err.find(out), std::string::npos) << full.err;
  fs::remove(filler);
  mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=4m");
  EXPECT_EQ(run_recipe(recipe, out).exit_code, 0);
  ASSERT_EQ(run_recipe(recipe, folder / "whole").exit_code, 0);
  EXPECT_EQ(contents(out + "/model.pare"), contents(folder / "whole/model.pare"));
  EXPECT_EQ(umount(disk.c_str()), 0);
}

TEST(Run, AFolderInUseIsRefused) {
  const TemporaryFolder folder;
  const std::string recipe = write_recipe(folder);
  ASSERT_EQ(run_recipe(recipe, folder / "run").exit_code, 0);
  const Finished again = run({program("pare"), "run", recipe, "-o", folder / "run"});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_NE(again.err.find("--resume"), std::string::npos) << again.err;
  const Finished other = run({program("pare"), "run", recipe, "-o", folder / "run", "--resume",
                              "--set", "train.epochs=7"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("epochs"), std::string::npos) << other.err;
}

TEST(Run, HelpNeedsNoTorchAndShowsExamples) {
  const Finished help = run({program("pare"), "run", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("--resume"), std::string::npos);
  EXPECT_NE(help.out.find("pare run recipes/quickstart.toml"), std::string::npos);
  EXPECT_EQ(run({program("pare"), "no-such-verb"}).exit_code, 2);
}

}  // namespace
}  // namespace pare::e2e
