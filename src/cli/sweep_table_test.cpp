#include "cli/sweep_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::cli {
namespace {

using testing::ElementsAre;

TEST(SweepTable, ShowsMeansWithTheirSpread) {
  const search::ResultsTable summary{
      {"label", "stage", "seeds", "sparsity.mean", "sparsity.sd", "alive_weights.mean",
       "bops.weight_only_input_32.mean", "test.accuracy.mean", "test.accuracy.sd",
       "test.auc_macro.mean", "test.auc_macro.sd"},
      {{"6 bit", "qap-3", 3, 0.8, 0.0, 852.0, 168736.4, 0.7412, 0.00123, 0.93, 0.0012},
       {"4 bit", "qap-3", 1, 0.8, nullptr, 852.0, 100.0, 0.7, nullptr, nullptr, nullptr}}};
  const Table table = sweep_table(summary);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_THAT(table.rows[0], ElementsAre("6 bit", "qap-3", "3", "80.0 ± 0.0", "852", "168 736",
                                         "74.12 ± 0.12", "93.00 ± 0.12"));
  EXPECT_THAT(table.rows[1],
              ElementsAre("4 bit", "qap-3", "1", "80.0", "852", "100", "70.00", "-"));
}

}  // namespace
}  // namespace pare::cli
