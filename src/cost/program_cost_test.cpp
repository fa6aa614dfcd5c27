#include "cost/program_cost.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cost/program_json.h"
#include "cost/test_programs.h"
#include "program/random_program.h"

namespace pare::cost {
namespace {

/// An add costs its width in pJ, a product of a and b bits a b; 64 bits of memory 10 pJ, up to 30
/// in the large one.
Hardware simple_hardware() {
  const EnergyCurve linear{{{1, 1}}, 1};
  const EnergyCurve quadratic{{{1, 1}}, 2};
  return {.name = "simple",
          .source = "made up",
          .integer_add = linear,
          .integer_multiply = quadratic,
          .float_add = linear,
          .float_multiply = quadratic,
          .memories = {{"small", 14, 64, 10, 10}, {"large", 0, 64, 20, 30}}};
}

// two_layers: 115 bits of constants do not fit into 14 bytes, the 93 that are not zero do.

TEST(ProgramCost, MemoryOfTwoLayers) {
  const ProgramReport report = estimate(two_layers(), simple_hardware());
  const MemoryUse& memory = report.total.memory;
  EXPECT_EQ(memory.weight_bits, 8 * 4 + 6 * 2);
  EXPECT_EQ(memory.nonzero_weight_bits, 6 * 4 + 3 * 2);
  EXPECT_EQ(memory.weight_bytes, 14);
  EXPECT_EQ(memory.constant_bits, 44 + 2 * 8 + 2 * 24 + 2 + 5);
  EXPECT_EQ(memory.nonzero_constant_bits, 30 + 8 + 55);
  EXPECT_EQ(memory.constant_bytes, 14 + 2 + 2 * 4 + 1 + 1);
  EXPECT_EQ(memory.peak_activation_bits, 48);
  EXPECT_EQ(report.dense_constants_memory.name, "large");
  EXPECT_EQ(report.nonzero_constants_memory.name, "small");
  EXPECT_EQ(report.activations_memory.name, "small");
}

TEST(ProgramCost, OperationsAndTrafficOfTwoLayers) {
  const ProgramTotal total = estimate(two_layers(), simple_hardware()).total;
  EXPECT_EQ(total.macs, 14);
  EXPECT_EQ(total.nonzero_macs, 9);
  EXPECT_EQ(total.multiplications, 6 + 2);
  EXPECT_EQ(total.additions, (6 + 1) + (2 + 4) + 3 + 2);
  EXPECT_EQ(total.traffic.constant_bits, 48 + 55 + 12);
  EXPECT_EQ(total.traffic.nonzero_constant_bits, 32 + 55 + 6);
  EXPECT_EQ(total.traffic.activation_bits, 32 + 12 + (12 + 36) + (36 + 2));
}

TEST(ProgramCost, EnergyOfTwoLayers) {
  const ProgramTotal total = estimate(two_layers(), simple_hardware()).total;
  const double requantize = 2 * 13 * 24 + 2 * 37 + 4 * 6;
  const double argmax = 2 * 12;
  EXPECT_NEAR(total.dense.arithmetic, 8 * 32 + 10 * 13 + requantize + 6 * 12 + argmax, 1e-9);
  EXPECT_NEAR(total.nonzero.arithmetic, 6 * 32 + 7 * 13 + requantize + 3 * 12 + argmax, 1e-9);
  EXPECT_NEAR(total.dense.constants, 115 / 64.0 * 20, 1e-9);
  EXPECT_NEAR(total.dense.constants_up_to, 115 / 64.0 * 30, 1e-9);
  EXPECT_NEAR(total.nonzero.constants, 93 / 64.0 * 10, 1e-9);
  EXPECT_NEAR(total.nonzero.constants_up_to, 93 / 64.0 * 10, 1e-9);
  EXPECT_NEAR(total.dense.activations, 130 / 64.0 * 10, 1e-9);
  EXPECT_NEAR(total.dense.total_up_to() - total.dense.total(), 115 / 64.0 * 10, 1e-9);
  EXPECT_NEAR(total.float_macs_picojoules, 14 * (32 * 32 + 32), 1e-9);
}

TEST(ProgramCost, TwoLayersAt45nm) {
  const ProgramReport report = estimate(two_layers(), find_hardware("45nm"));
  // 8 KB SRAM for all of it: 10 pJ for 64 bits.
  EXPECT_NEAR(report.total.dense.constants, 115 / 6.4, 1e-9);
  EXPECT_NEAR(report.total.nonzero.activations, 130 / 6.4, 1e-9);
  EXPECT_NEAR(report.total.float_macs_picojoules, 14 * 4.6, 1e-9);
  // fc2: three adds of 12 bits, 0.03 (12 / 8)^p with p = log(0.1 / 0.03) / log 4 = 0.868483.
  EXPECT_NEAR(report.ops[2].nonzero.arithmetic, 3 * 0.03 * 1.4221069, 1e-6);
}

TEST(ProgramCost, LoopsCountEachStep) {
  const ProgramReport report = estimate(sum_over_time(), simple_hardware(), {5});
  EXPECT_EQ(report.ops.front().runs, 5);
  EXPECT_EQ(report.total.macs, 5 * 9);
  EXPECT_EQ(report.total.nonzero_macs, 5 * 3);
  EXPECT_EQ(report.total.additions, 5 * (3 + 3 + 6));
  EXPECT_EQ(report.total.traffic.constant_bits, 5 * 27);
  // x, total and its next value; the sums between stay in registers.
  EXPECT_EQ(report.total.traffic.activation_bits, 5 * (12 + 24 + 24));
  EXPECT_EQ(estimate(sum_over_time(), simple_hardware()).total.macs, 9);
  EXPECT_EQ(estimate(sum_over_time(), simple_hardware(), {0}).total.macs, 0);
}

TEST(ProgramCost, WrongTripCountsAreRefused) {
  EXPECT_THROW(estimate(sum_over_time(), simple_hardware(), {1, 2}), InputError);
  EXPECT_THROW(estimate(sum_over_time(), simple_hardware(), {-1}), InputError);
  EXPECT_THROW(estimate(sum_over_time(), simple_hardware(), {std::int64_t{1} << 40}), InputError);
}

TEST(ProgramCost, ZeroWeightsNeverCost) {
  int num_sparse = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const ProgramTotal total = estimate(program::random_program(seed), find_hardware("45nm")).total;
    ASSERT_LE(total.nonzero_macs, total.macs) << "seed " << seed;
    ASSERT_LE(total.nonzero.total(), total.dense.total()) << "seed " << seed;
    ASSERT_LE(total.memory.nonzero_constant_bits, total.memory.constant_bits) << "seed " << seed;
    num_sparse += total.nonzero_macs < total.macs;
  }
  EXPECT_GT(num_sparse, 20);
}

TEST(ProgramCost, Json) {
  const nlohmann::json json = to_json(estimate(two_layers(), simple_hardware()));
  EXPECT_EQ(json["assumptions"]["hardware"], "simple");
  EXPECT_EQ(json["assumptions"]["constants_in_dense"], "large");
  ASSERT_EQ(json["ops"].size(), 4U);
  EXPECT_EQ(json["ops"][0]["op"], "fc1.sum");
  EXPECT_EQ(json["ops"][0]["nonzero_macs"], 6);
  EXPECT_EQ(json["ops"][0]["operations"][1]["bits"], 13);
  EXPECT_EQ(json["total"]["memory"]["peak_activation_bits"], 48);
  EXPECT_EQ(json["total"]["traffic"]["activation_bits"], 130);
  const double total = json["total"]["picojoules_nonzero"]["total"];
  EXPECT_NEAR(total,
              json["total"]["picojoules_nonzero"]["arithmetic"].get<double>() + 93 / 64.0 * 10 +
                  130 / 64.0 * 10,
              1e-9);
}

}  // namespace
}  // namespace pare::cost
