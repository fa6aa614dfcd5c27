#include "search/sweep.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/philox.h"
#include "base/temporary_folder.h"
#include "search/folder_lock.h"
#include "search/journal.h"

namespace pare::search {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Takes the place of pare-train: `run RECIPE -o FOLDER --resume --set …`. It works in three steps
// and goes on where it was; cells whose name holds "fail" fail until a file "repaired" is there,
// "hang" never end, "die" kill themselves, "empty" write no results.
constexpr const char* kFakeWorker = R"(#!/bin/sh
folder=$4
mkdir -p "$folder"
echo start >> "$folder/starts"
[ "$1" = run ] && [ "$3" = -o ] && [ "$5" = --resume ] || exit 2
[ -f "$folder/metrics.jsonl" ] && exit 0
case "$folder" in
  *empty*) exit 0 ;;
  *fail*) [ -f "$folder/repaired" ] || { echo "error: no such layer" >&2; exit 3; } ;;
  *hang*) exec sleep 1000 ;;
  *die*) kill -9 $$ ;;
esac
step=$(cat "$folder/step" 2>/dev/null || echo 0)
while [ "$step" -lt 3 ]; do
  sleep 0.01
  step=$((step + 1))
  echo $step > "$folder/step.new"
  mv "$folder/step.new" "$folder/step"
done
for last; do :; done
printf '{"event":"stage_end","stage":"qat","index":0,"test":{"accuracy":0.%s},"threads":%s}\n' \
  "${last#seed=}" "$OMP_NUM_THREADS" > "$folder/metrics.new"
mv "$folder/metrics.new" "$folder/metrics.jsonl"
)";

class SweepTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Journal::is_available()) GTEST_SKIP() << "this build has no SQLite";
    options_.out = folder_ + "/out";
    std::ofstream(folder_ + "/worker.sh") << kFakeWorker;
    options_.program = {"sh", folder_ + "/worker.sh"};
  }
  /// A grid with groups of these names and this many seeds each.
  static Grid grid_of(const std::vector<std::string>& groups, std::uint64_t seeds) {
    Grid grid{.name = "fake", .recipe_path = "fake.toml"};
    for (const std::string& group : groups) {
      for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string name = group + "_seed-" + std::to_string(seed);
        grid.cells.push_back({.key = "key of " + name,
                              .name = name,
                              .group = group,
                              .label = group,
                              .seed = seed,
                              .overrides = {"a.b=1", "seed=" + std::to_string(seed)}});
      }
    }
    return grid;
  }

  std::string cell_file(const std::string& cell, const std::string& file) const {
    return options_.out + "/cells/" + cell + "/" + file;
  }

  int starts_of(const std::string& cell) const {
    const std::string path = cell_file(cell, "starts");
    if (!std::filesystem::exists(path)) return 0;
    const std::string text = read_text(path);
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  /// Runs the sweep in a process of its own, which exits with 7 if it was stopped by a signal.
  pid_t run_elsewhere(const Grid& grid) const {
    const pid_t process = fork();
    if (process == 0) {
      try {
        _exit(run_sweep(grid, options_).is_stopped ? 7 : 0);
      } catch (const std::exception&) {
        _exit(1);
      }
    }
    return process;
  }

  static int wait_for(pid_t process) {
    int status = 0;
    waitpid(process, &status, 0);
    return status;
  }

  static void wait_for_file(const std::string& path) {
    while (!std::filesystem::exists(path)) std::this_thread::sleep_for(milliseconds(2));
  }

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
  SweepOptions options_;
};

TEST_F(SweepTest, RunsEveryCellOnceAndWritesTheTables) {
  std::vector<std::int64_t> progress;
  options_.progress = [&](const Progress& p) {
    progress.push_back(p.done);
    EXPECT_EQ(p.total, 4);
  };
  const SweepResult result = run_sweep(grid_of({"a", "b"}, 2), options_);
  EXPECT_EQ(result.total, 4);
  EXPECT_EQ(result.done, 4);
  EXPECT_EQ(result.pending, 0);
  EXPECT_TRUE(result.failed.empty());
  EXPECT_FALSE(result.is_stopped);
  EXPECT_EQ(starts_of("a_seed-1"), 1);
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 4);
  EXPECT_EQ(read_text(options_.out + "/results.csv"),
            "cell,label,seed,stage,index,test.accuracy,threads\n"
            "a_seed-1,a,1,qat,0,0.1,1\n"
            "a_seed-2,a,2,qat,0,0.2,1\n"
            "b_seed-1,b,1,qat,0,0.1,1\n"
            "b_seed-2,b,2,qat,0,0.2,1\n");
  EXPECT_THAT(read_text(options_.out + "/summary.csv"),
              HasSubstr("label,stage,index,seeds,test.accuracy.mean,test.accuracy.sd,"));
}

TEST_F(SweepTest, DoesNothingTwice) {
  const Grid grid = grid_of({"a"}, 2);
  run_sweep(grid, options_);
  const std::string first = read_text(options_.out + "/results.csv");
  EXPECT_EQ(run_sweep(grid, options_).done, 2);
  EXPECT_EQ(starts_of("a_seed-1"), 1);
  EXPECT_EQ(read_text(options_.out + "/results.csv"), first);
}

TEST_F(SweepTest, ALargerGridKeepsWhatIsDone) {
  run_sweep(grid_of({"a"}, 2), options_);
  EXPECT_EQ(run_sweep(grid_of({"b", "a"}, 2), options_).done, 4);
  EXPECT_EQ(starts_of("a_seed-1"), 1);
  EXPECT_EQ(starts_of("b_seed-1"), 1);
}

TEST_F(SweepTest, RunsOnlyWhatIsAskedFor) {
  options_.only = "b_*";
  const SweepResult result = run_sweep(grid_of({"a", "b"}, 2), options_);
  EXPECT_EQ(result.done, 2);
  EXPECT_EQ(result.pending, 2);
  EXPECT_EQ(starts_of("a_seed-1"), 0);
  options_.only = "c*";
  EXPECT_THAT(
      [&] {
        run_sweep(grid_of({"a", "b"}, 2), options_);
      },
      ThrowsMessage<InputError>(HasSubstr("no cell matches 'c*'")));
}

TEST_F(SweepTest, NotesFailuresAndGoesOn) {
  const Grid grid = grid_of({"fail", "die", "empty", "a"}, 1);
  const SweepResult result = run_sweep(grid, options_);
  EXPECT_EQ(result.done, 1);
  ASSERT_EQ(result.failed.size(), 3U);
  EXPECT_EQ(result.failed[0].name, "fail_seed-1");
  EXPECT_EQ(result.failed[0].error, "exit code 3\nerror: no such layer");
  EXPECT_THAT(result.failed[1].error, HasSubstr("killed by signal 9"));
  EXPECT_THAT(result.failed[2].error, HasSubstr("metrics.jsonl"));
}

TEST_F(SweepTest, TriesFailedCellsAgainOnlyWhenAsked) {
  const Grid grid = grid_of({"fail"}, 1);
  run_sweep(grid, options_);
  run_sweep(grid, options_);
  EXPECT_EQ(starts_of("fail_seed-1"), 1);
  std::ofstream(cell_file("fail_seed-1", "repaired")) << "";
  options_.is_retrying = true;
  const SweepResult result = run_sweep(grid, options_);
  EXPECT_EQ(result.done, 1);
  EXPECT_TRUE(result.failed.empty());
  EXPECT_EQ(starts_of("fail_seed-1"), 2);
}

TEST_F(SweepTest, RefusesCellsThatChangedUnderTheirName) {
  Grid grid = grid_of({"a"}, 1);
  run_sweep(grid, options_);
  grid.cells[0].key = "another recipe";
  EXPECT_THAT([&] { run_sweep(grid, options_); },
              ThrowsMessage<InputError>(HasSubstr("'a_seed-1' was begun with other settings")));
}

TEST_F(SweepTest, GivesUpWhenTheProgramIsMissing) {
  options_.program = {folder_ + "/absent"};
  const Grid grid = grid_of({"a"}, 2);
  EXPECT_THAT([&] { run_sweep(grid, options_); },
              ThrowsMessage<InputError>(HasSubstr("cannot start")));
  EXPECT_EQ(Journal(options_.out + "/journal.sqlite").trials()[0].status, TrialStatus::kPending);
}

TEST_F(SweepTest, RefusesAFolderInUse) {
  std::filesystem::create_directories(options_.out);
  const FolderLock lock(options_.out);
  EXPECT_THAT([&] { run_sweep(grid_of({"a"}, 1), options_); },
              ThrowsMessage<InputError>(HasSubstr("still runs in this folder")));
}

TEST_F(SweepTest, StopsOnTerminateAndGivesRunningCellsBack) {
  const Grid grid = grid_of({"hang", "a"}, 1);
  options_.workers = 1;
  const pid_t sweep = run_elsewhere(grid);
  wait_for_file(cell_file("hang_seed-1", "starts"));
  kill(sweep, SIGTERM);
  const int status = wait_for(sweep);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const FolderLock lock(options_.out);  // held as long as a worker lives
  for (const Trial& trial : Journal(options_.out + "/journal.sqlite").trials()) {
    EXPECT_EQ(trial.status, TrialStatus::kPending) << trial.name;
  }
  EXPECT_EQ(starts_of("a_seed-1"), 0);
}

TEST_F(SweepTest, KilledItLeavesNoWorkerBehind) {
  const Grid grid = grid_of({"hang"}, 2);
  const pid_t sweep = run_elsewhere(grid);
  wait_for_file(cell_file("hang_seed-1", "starts"));
  wait_for_file(cell_file("hang_seed-2", "starts"));
  kill(sweep, SIGKILL);
  wait_for(sweep);
  EXPECT_NO_THROW(FolderLock{options_.out});
}

TEST_F(SweepTest, KilledAtAnyMomentItGoesOnAndLosesNoEndedCell) {
  const Grid grid = grid_of({"a", "b", "c"}, 4);
  const Philox random(1, RandomStream::kSynthetic);
  std::map<std::string, int> starts_when_done;
  int kills = 0;
  for (std::uint64_t round = 0;; ++round) {
    ASSERT_LT(round, 1000U);
    const pid_t sweep = run_elsewhere(grid);
    std::this_thread::sleep_for(milliseconds(random.below(round, 120)));
    if (round < 40) kill(sweep, SIGKILL);
    const int status = wait_for(sweep);
    const bool is_complete = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    kills += WIFSIGNALED(status) ? 1 : 0;
    if (is_complete) break;
    ASSERT_FALSE(WIFEXITED(status)) << "exit code " << WEXITSTATUS(status);
    const FolderLock lock(options_.out);
    for (const Trial& trial : Journal(options_.out + "/journal.sqlite").trials()) {
      if (trial.status == TrialStatus::kDone) {
        starts_when_done.try_emplace(trial.name, starts_of(trial.name));
      }
    }
  }
  EXPECT_GT(kills, 2);
  EXPECT_GT(starts_when_done.size(), 0U);
  for (const auto& [name, starts] : starts_when_done) EXPECT_EQ(starts_of(name), starts) << name;
  const SweepResult result = run_sweep(grid, options_);
  EXPECT_EQ(result.done, 12);
  ASSERT_EQ(result.results.rows.size(), 12U);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(result.results.rows[i][0], grid.cells[i].name);
}

}  // namespace
}  // namespace pare::search
