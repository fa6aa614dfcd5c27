#include "cli/search_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::cli {
namespace {

using testing::ElementsAre;

search::SearchPlan plan() {
  search::SearchPlan plan;
  plan.file.objective = {"validation.accuracy", "", search::Goal::kMaximise};
  plan.file.space.variables = {{.key = "model.hidden.1", .values = {8, 16, 32}},
                               {.key = "model.batch_norm", .values = {"none", "full"}}};
  return plan;
}

search::SearchResult result() {
  using search::TrialStatus;
  return {.total = 4,
          .outcomes = {{"k1", "trial-001", "sobol", {0, 0}, TrialStatus::kDone, 0.5, 400000.0, ""},
                       {"k2", "trial-002", "sobol", {1, 1}, TrialStatus::kFailed, {}, {}, "e"},
                       {"k3", "trial-003", "bayes", {2, 1}, TrialStatus::kDone, 0.75, {}, ""},
                       {"k4", "trial-004", "bayes", {1, 0}, TrialStatus::kDone, 0.6, 155852.4, ""}},
          .front = {3}};
}

TEST(SearchTable, ShowsTheBestTrialsFirst) {
  const Table table = search_table(plan(), result());
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_THAT(table.rows[0], ElementsAre("trial-003", "bayes", "32", "full", "0.75"));
  EXPECT_THAT(table.rows[2], ElementsAre("trial-001", "sobol", "8", "none", "0.5"));
}

TEST(SearchTable, ShowsTheFrontWhereThereIsOne) {
  search::SearchPlan two = plan();
  two.file.against = search::Figure{"bops"};
  const Table table = search_table(two, result());
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_THAT(table.rows[0], ElementsAre("trial-004", "bayes", "16", "none", "0.6", "155 852"));
  EXPECT_EQ(table.columns.size(), 6U);
}

TEST(VariableTable, ShowsWhatIsSearched) {
  EXPECT_THAT(variable_table(plan().file.space).rows[1],
              ElementsAre("model.batch_norm", "2", "none", "full"));
}

}  // namespace
}  // namespace pare::cli
