#include "cli/stage_table.h"

#include <gtest/gtest.h>

namespace pare::cli {
namespace {

TEST(StageTable, AStageIsARowAndWhatItLacksIsADash) {
  const std::vector<nlohmann::json> stages = {
      {{"stage", "float"},
       {"weight_bits", 32},
       {"activation_bits", 32},
       {"alive_weights", 4256},
       {"sparsity", 0.0},
       {"epochs", 12}},
      {{"stage", "qap"},
       {"weight_bits", 6},
       {"activation_bits", 8},
       {"alive_weights", 852},
       {"sparsity", 0.7998},
       {"epochs", 3},
       {"bops", {{"weight_only_input_32", 168736.2}}},
       {"test",
        {{"accuracy", 0.7255},
         {"average_accuracy", 0.615},
         {"kappa", 0.5},
         {"auc_macro", 0.92},
         {"baselines", {{"majority", 0.2105}, {"nearest_centroid", 0.4}}}}}}};
  const Table table = stage_table(stages);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"float", "float/float", "0.0", "4 256", "-",
                                                     "-", "-", "-", "-", "12"}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"qap", "6/8", "80.0", "852", "168 736",
                                                     "72.55", "61.50", "50.00", "92.00", "3"}));
  EXPECT_EQ(baselines_line(stages),
            "For comparison, test samples: all of the commonest class 21.05 %, nearest class mean "
            "40.00 %.");
  EXPECT_EQ(baselines_line({stages.front()}), "");
}

TEST(AffineLines, SayWhatSymmetricWeightsChange) {
  const std::vector<nlohmann::json> stages = {
      {{"stage", "float"}, {"validation", {{"accuracy", 0.9}}}},
      {{"stage", "snn"},
       {"validation", {{"accuracy", 0.875}}},
       {"test", {{"accuracy", 0.86}}},
       {"affine",
        {{"validation", {{"accuracy", 0.88}, {"delta", -0.005}}},
         {"test", {{"accuracy", 0.855}, {"delta", 0.005}}}}}},
      {{"stage", "untested"},
       {"validation", {{"accuracy", 0.5}}},
       {"affine", {{"validation", {{"accuracy", 0.5}, {"delta", 0.0}}}}}}};
  EXPECT_EQ(
      affine_lines(stages),
      "snn, trained with affine weights, left with symmetric ones: validation 88.00 % becomes "
      "87.50 % (-0.50), test 85.50 % becomes 86.00 % (+0.50).\n"
      "untested, trained with affine weights, left with symmetric ones: validation 50.00 % "
      "becomes 50.00 % (+0.00).");
  EXPECT_EQ(affine_lines({stages.front()}), "");
}

}  // namespace
}  // namespace pare::cli
