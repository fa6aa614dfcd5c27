#include "cli/verb_cost_program.h"

#include <gmock/gmock.h>

#include "cost/test_programs.h"

namespace pare::cli {
namespace {

using testing::HasSubstr;

TEST(RenderProgramCost, ShowsOpsMemoryAndEnergy) {
  const std::string text =
      render_cost(cost::estimate(cost::two_layers(), cost::find_hardware("45nm")));
  EXPECT_THAT(text, HasSubstr("fc1.sum   linear         8         6     6    7"));
  EXPECT_THAT(text, HasSubstr("weights 44 bits, 30 of them non-zero (14 bytes"));
  EXPECT_THAT(text, HasSubstr("at most 48 bits (8 bytes)"));
  EXPECT_THAT(text, HasSubstr("constants 14.5 pJ, activations 20.3 pJ"));
  EXPECT_THAT(text, HasSubstr("as float32: 64.4 pJ"));
}

TEST(RenderProgramCost, SaysWhatItAssumes) {
  cost::Hardware hardware = cost::find_hardware("45nm");
  const std::string text = render_cost(cost::estimate(cost::sum_over_time(), hardware, {7}));
  EXPECT_THAT(text, HasSubstr("ISSCC 2014"));
  EXPECT_THAT(text, HasSubstr("8 b 0.03 pJ, 32 b 0.1 pJ (power law between them; beyond, bits^1)"));
  EXPECT_THAT(text, HasSubstr("8 KB SRAM (10 pJ for 64 bits)"));
  EXPECT_THAT(text, HasSubstr("steps of each loop: 7"));
  hardware.memories = {{"DRAM", 0, 64, 1300, 2600}};
  EXPECT_THAT(render_cost(cost::estimate(cost::two_layers(), hardware)),
              HasSubstr("DRAM (1300 to 2600 pJ for 64 bits)"));
}

}  // namespace
}  // namespace pare::cli
