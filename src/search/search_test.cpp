#include "search/search.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
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
#include "search/grid.h"
#include "search/model_proposal.h"
#include "search/results_table.h"

namespace pare::search {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Takes the place of pare-train: `run RECIPE -o FOLDER --resume --set …`. It measures
// ((a - 40)² + (b - 20)²) / 1000 and a + b, where a and b are the first two hidden sizes; and works
// in steps and goes on where it was. A width of 13 fails until a file "repaired" lies in its
// folder, 17 measures nan, and where there is a file "hang" beside the script it never ends.
constexpr const char* kFakeWorker = R"sh(#!/bin/sh
folder=$4
mkdir -p "$folder"
echo start >> "$folder/starts"
[ -f "${0%/*}/hang" ] && exec sleep 1000
[ "$1" = run ] && [ "$3" = -o ] && [ "$5" = --resume ] || exit 2
[ -f "$folder/metrics.jsonl" ] && exit 0
for argument; do
  case "$argument" in
    model.hidden.1=*) a=${argument#*=} ;;
    model.hidden.2=*) b=${argument#*=} ;;
  esac
done
[ "$a" = 13 ] && [ ! -f "$folder/repaired" ] && { echo "error: unlucky" >&2; exit 3; }
step=$(cat "$folder/step" 2>/dev/null || echo 0)
while [ "$step" -lt 3 ]; do
  sleep 0.01
  step=$((step + 1))
  echo $step > "$folder/step.new"
  mv "$folder/step.new" "$folder/step"
done
loss=$(( (a - 40) * (a - 40) + (b - 20) * (b - 20) ))e-3
[ "$a" = 17 ] && loss=null
printf '{"event":"stage_end","stage":"qat","index":0,"validation":{"loss":%s},"size":%s}\n' \
  "$loss" "$((a + b))" > "$folder/metrics.new"
mv "$folder/metrics.new" "$folder/metrics.jsonl"
)sh";

constexpr const char* kRecipe =
    "[data]\nset = \"jets/embedded\"\n[model]\nhidden = [64, 32]\n[[stage]]\nname = \"qat\"\n";

/// Methods with a model where this build has one; else everything but they can be tested.
const char* method() { return has_model() ? "bayes" : "random"; }

class SearchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Journal::is_available()) GTEST_SKIP() << "this build has no SQLite";
    options_.out = folder_ + "/out";
    std::ofstream(folder_ + "/worker.sh") << kFakeWorker;
    write_file_atomic(folder_ + "/r.toml", kRecipe);
    options_.program = {"sh", folder_ + "/worker.sh"};
  }

  SearchPlan plan_of(const std::string& first_values, int trials,
                     const std::string& more = "") const {
    return parse_search(
        "name = \"fake\"\nrecipe = \"r.toml\"\nmethod = \"" + std::string(method()) +
            "\"\ntrials = " + std::to_string(trials) + "\n" + more +
            "[objective]\nminimise = \"validation.loss\"\n"
            "[[variable]]\nkey = \"model.hidden.1\"\n" +
            first_values + "\n[[variable]]\nkey = \"model.hidden.2\"\nrange = [4, 64]\n",
        "s.toml", folder_);
  }
  SearchPlan plan(int trials, const std::string& more = "") const {
    return plan_of("range = [20, 128]", trials, more);
  }

  std::string trial_file(const std::string& trial, const std::string& file) const {
    return options_.out + "/trials/" + trial + "/" + file;
  }
  int starts_of(const std::string& trial) const {
    const std::string text = read_text(trial_file(trial, "starts"));
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  /// Runs the search in a process of its own, which exits with 7 if it was stopped by a signal.
  pid_t run_elsewhere(const SearchPlan& plan) const {
    const pid_t process = fork();
    if (process == 0) {
      try {
        _exit(run_search(plan, options_).is_stopped ? 7 : 0);
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

  TemporaryFolder temporary_;
  std::string folder_ = temporary_.path();
  SearchOptions options_;
};

TEST_F(SearchTest, FindsTheBestAndWritesItsTables) {
  std::vector<std::int64_t> progress;
  options_.progress = [&](const Progress& p) {
    progress.push_back(p.done);
    EXPECT_EQ(p.total, 15);
  };
  const SearchPlan plan = this->plan(15, "[against]\nminimise = \"size\"\n");
  const SearchResult result = run_search(plan, options_);
  EXPECT_EQ(result.count(TrialStatus::kDone), 15);
  ASSERT_FALSE(result.front.empty());
  if (has_model()) {
    EXPECT_LT(*result.outcomes[result.front[0]].objective, 0.1);
    EXPECT_EQ(result.outcomes[4].origin, "sobol");
    EXPECT_EQ(result.outcomes[5].origin, "bayes");
  }
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 15);
  const std::string path = options_.out + "/trials.csv";
  const ResultsTable table = parse_csv(read_text(path), path);
  EXPECT_THAT(table.columns,
              testing::ElementsAre("trial", "origin", "status", "model.hidden.1", "model.hidden.2",
                                   "validation.loss", "size", "front"));
  ASSERT_EQ(table.rows.size(), 15U);
  EXPECT_EQ(table.rows[14][0], "trial-015");
  const std::string front_path = options_.out + "/front.csv";
  const ResultsTable front = parse_csv(read_text(front_path), front_path);
  ASSERT_EQ(front.rows.size(), result.front.size());
  for (std::size_t i = 1; i < front.rows.size(); ++i) {
    EXPECT_GT(front.rows[i][5].get<double>(), front.rows[i - 1][5].get<double>());
    EXPECT_LT(front.rows[i][6].get<double>(), front.rows[i - 1][6].get<double>());
  }
  EXPECT_THAT(read_text(options_.out + "/results.csv"), HasSubstr("trial-015"));
}

TEST_F(SearchTest, TheSweepFileForTrainingAgainCanBeRead) {
  const SearchPlan plan = this->plan(6,
                                     "[set]\n\"train.epochs\" = 5\n\"train.l1\" = 1e-4\n"
                                     "[retrain]\ntrials = \"all\"\nseeds = [1, 2]\n"
                                     "set = { \"train.epochs\" = 250 }\n");
  const SearchResult result = run_search(plan, options_);
  const Grid grid = read_grid(options_.out + "/retrain.toml");
  ASSERT_EQ(grid.cells.size(), 12U);
  EXPECT_EQ(grid.cells[0].label, "trial-001");
  EXPECT_THAT(
      grid.cells[0].overrides,
      testing::ElementsAre("train.epochs=250", "train.l1=0.0001",
                           to_override(settings_at(plan.file.space, result.outcomes[0].point)[0]),
                           to_override(settings_at(plan.file.space, result.outcomes[0].point)[1]),
                           "seed=1"));
}

TEST_F(SearchTest, DoesNothingTwiceAndMoreWhenAskedForMore) {
  run_search(plan(4), options_);
  const SearchResult same = run_search(plan(4), options_);
  EXPECT_EQ(same.count(TrialStatus::kDone), 4);
  EXPECT_EQ(starts_of("trial-001"), 1);
  const SearchResult longer = run_search(plan(7), options_);
  EXPECT_EQ(longer.count(TrialStatus::kDone), 7);
  EXPECT_EQ(starts_of("trial-001"), 1);
  EXPECT_EQ(longer.outcomes[3].point, same.outcomes[3].point);
}

TEST_F(SearchTest, NotesFailuresAndGoesOn) {
  // 13 fails, 17 measures no number, 19 is fine.
  const SearchPlan plan = plan_of("values = [13, 17, 19]", 12);
  const SearchResult result = run_search(plan, options_);
  int failed = 0;
  for (const Outcome& outcome : result.outcomes) {
    const int width = settings_at(plan.file.space, outcome.point)[0].value.get<int>();
    EXPECT_EQ(outcome.objective.has_value(), width == 19);
    EXPECT_EQ(outcome.status, width == 13 ? TrialStatus::kFailed : TrialStatus::kDone);
    if (width != 13) continue;
    EXPECT_EQ(outcome.error, "exit code 3\nerror: unlucky");
    std::ofstream(trial_file(outcome.name, "repaired")) << "";
    ++failed;
  }
  EXPECT_EQ(result.outcomes.size(), 12U);
  EXPECT_GT(failed, 0);
  EXPECT_EQ(run_search(plan, options_).count(TrialStatus::kFailed), failed);
  options_.is_retrying = true;
  EXPECT_EQ(run_search(plan, options_).count(TrialStatus::kFailed), 0);
}

TEST_F(SearchTest, StopsWhenEveryPointWasTried) {
  const SearchPlan plan = plan_of("values = [20]", 100);
  const SearchResult result = run_search(plan, options_);
  EXPECT_EQ(result.total, 61);
  EXPECT_EQ(result.count(TrialStatus::kDone), 61);
}

TEST_F(SearchTest, RefusesAFigureThatIsNotMeasured) {
  SearchPlan plan = this->plan(3);
  plan.file.objective.name = "validation.los";
  EXPECT_THAT([&] { run_search(plan, options_); },
              ThrowsMessage<InputError>(HasSubstr("did you mean 'validation.loss'")));
  // The trial is not lost.
  EXPECT_EQ(run_search(this->plan(3), options_).count(TrialStatus::kDone), 3);
  EXPECT_EQ(starts_of("trial-001"), 1);
}

TEST_F(SearchTest, RefusesAFolderOfOtherSettings) {
  run_search(plan(2), options_);
  EXPECT_THAT([&] { run_search(plan_of("range = [8, 9]", 2), options_); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("'trial-001' was begun with settings that the variables"))));
  EXPECT_EQ(run_search(plan_of("range = [8, 128]", 2), options_).count(TrialStatus::kDone), 2);
  write_file_atomic(folder_ + "/r.toml", std::string(kRecipe) + "test = false\n");
  EXPECT_THAT([&] { run_search(plan(2), options_); },
              ThrowsMessage<InputError>(HasSubstr("was begun with another recipe")));
}

TEST_F(SearchTest, RefusesAFolderInUse) {
  std::filesystem::create_directories(options_.out);
  const FolderLock lock(options_.out);
  EXPECT_THAT([&] { run_search(plan(1), options_); },
              ThrowsMessage<InputError>(HasSubstr("still runs in this folder")));
}

TEST_F(SearchTest, SeveralWorkersTryDifferentPoints) {
  options_.workers = 3;
  const SearchResult result = run_search(plan(12), options_);
  EXPECT_EQ(result.count(TrialStatus::kDone), 12);
  std::set<Point> points;
  for (const Outcome& outcome : result.outcomes) points.insert(outcome.point);
  EXPECT_EQ(points.size(), 12U);
}

TEST_F(SearchTest, StopsOnTerminateAndGivesTheRunningTrialBack) {
  std::ofstream(folder_ + "/hang") << "";
  const pid_t search = run_elsewhere(plan(3));
  while (!std::filesystem::exists(trial_file("trial-001", "starts"))) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  kill(search, SIGTERM);
  const int status = wait_for(search);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const std::vector<Trial> trials = Journal(options_.out + "/journal.sqlite").trials();
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0].status, TrialStatus::kPending);
}

// With one worker a search that was killed again and again tries the same points, in the same
// order, as one that never was.
TEST_F(SearchTest, KilledAtAnyMomentItTriesWhatItWouldHave) {
  const SearchPlan plan = this->plan(12);
  const SearchResult undisturbed = run_search(plan, options_);
  options_.out = folder_ + "/killed";
  const Philox random(1, RandomStream::kSynthetic);
  int kills = 0;
  for (std::uint64_t round = 0;; ++round) {
    ASSERT_LT(round, 1000U);
    const pid_t search = run_elsewhere(plan);
    std::this_thread::sleep_for(milliseconds(random.below(round, 200)));
    if (round < 20) kill(search, SIGKILL);
    const int status = wait_for(search);
    kills += WIFSIGNALED(status) ? 1 : 0;
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      break;
    }
  }
  EXPECT_GT(kills, 2);
  const SearchResult killed = run_search(plan, options_);
  ASSERT_EQ(killed.outcomes.size(), undisturbed.outcomes.size());
  for (std::size_t i = 0; i < killed.outcomes.size(); ++i) {
    EXPECT_EQ(killed.outcomes[i].point, undisturbed.outcomes[i].point) << i;
    EXPECT_EQ(killed.outcomes[i].objective, undisturbed.outcomes[i].objective) << i;
  }
}

TEST(FirstProposals, AreThoseOfTheSobolSequence) {
  SearchFile file{.method = Method::kRandom, .trials = 3, .initial = 5};
  file.space.variables = {{.key = "a", .values = {1, 2, 3, 4}}};
  EXPECT_EQ(first_proposals(file).size(), 3U);
  EXPECT_STREQ(first_proposals(file)[0].origin, "random");
  file.method = Method::kBayes;
  EXPECT_STREQ(first_proposals(file)[0].origin, "sobol");
}

}  // namespace
}  // namespace pare::search
