#include "cli/sensitivity_table.h"

#include <gtest/gtest.h>

namespace pare::cli {
namespace {

TEST(SensitivityTable, HasARowALayerAndAColumnAValue) {
  const auto point = [](const char* layer, const char* kind, double value, nlohmann::json score) {
    return nlohmann::json{{"layer", layer}, {kind, value}, {"accuracy", std::move(score)}};
  };
  const nlohmann::json result = {
      {"layers", {{{"layer", "fc1"}, {"weights", 1024}}, {{"layer", "output"}, {"weights", 160}}}},
      {"points",
       {point("fc1", "weight_bits", 8, 0.725), point("fc1", "weight_bits", 2, 0.5),
        point("output", "weight_bits", 8, 0.7251), point("output", "weight_bits", 2, 0.61),
        point("input", "activation_bits", 8, 0.7), point("fc1", "sparsity", 0.5, nullptr)}}};
  EXPECT_EQ(render(sensitivity_table(result, "weight_bits")),
            "layer   weights  8 bit  2 bit\n"
            "------  -------  -----  -----\n"
            "fc1       1 024  72.50  50.00\n"
            "output      160  72.51  61.00");
  EXPECT_EQ(render(sensitivity_table(result, "activation_bits")),
            "layer  weights  8 bit\n"
            "-----  -------  -----\n"
            "input           70.00");
  EXPECT_EQ(render(sensitivity_table(result, "sparsity")),
            "layer  weights  50 %\n"
            "-----  -------  ----\n"
            "fc1      1 024     -");
}

}  // namespace
}  // namespace pare::cli
