#include "cost/operations.h"

#include <cmath>
#include <string>

#include <gmock/gmock.h>

#include "cost/test_programs.h"

namespace pare::cost {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kAdd = OperationKind::kAdd;
constexpr auto kMultiply = OperationKind::kMultiply;

/// The work of the only op of a program from x to y.
OpWork work(const std::string& buffers, const std::string& constants, const std::string& op) {
  const std::string text = "program 1 one_op\n" + buffers + constants +
                           "inputs x\noutputs y\nsection once {\n" + op + "\n}\n";
  const program::Program program = program::parse(text, "one_op");
  return work_of(program, program.sections.front().nodes.front());
}

TEST(Operations, LinearCountsWeightsThatAreNotZero) {
  const program::Program program = two_layers();
  const OpWork fc1 = work_of(program, program.sections[0].nodes[0]);
  EXPECT_EQ(fc1.macs, 8);
  EXPECT_EQ(fc1.nonzero_macs, 6);
  EXPECT_THAT(fc1.operations, ElementsAre(Operations{kMultiply, std::sqrt(8.0 * 4.0), 6, 8},
                                          Operations{kAdd, 13, 6, 8}, Operations{kAdd, 13, 1, 2}));
}

TEST(Operations, LinearOnSeveralRows) {
  const OpWork found =
      work("buffer x s4 [3 2]\nbuffer y s8 [3 2]\n", "constant w s3 [2 2] uniform { 1 0 0 2 }\n",
           "y = linear(x) weight=w accumulator=s8");
  EXPECT_EQ(found.macs, 12);
  EXPECT_EQ(found.nonzero_macs, 6);
  EXPECT_THAT(found.operations, ElementsAre(Operations{kMultiply, std::sqrt(12.0), 6, 12},
                                            Operations{kAdd, 8, 6, 12}));
}

TEST(Operations, CirculantWeightsCountAsExpanded) {
  const OpWork found = work("buffer x s4 [4]\nbuffer y s9 [2]\n",
                            "constant w s3 [2 4] uniform circulant=2 { 1 0 2 3 }\n",
                            "y = linear(x) weight=w accumulator=s9");
  EXPECT_EQ(found.macs, 8);
  EXPECT_EQ(found.nonzero_macs, 6);
}

TEST(Operations, BinaryWeightsAddEveryInput) {
  const OpWork found =
      work("buffer x s4 [3]\nbuffer y s9 [2]\n", "constant w s2 [2 3] binary { 1 -1 1 1 1 -1 }\n",
           "y = linear(x) weight=w accumulator=s9");
  EXPECT_THAT(found.operations, ElementsAre(Operations{kAdd, 9, 6, 6}));
}

TEST(Operations, TernaryAndSignedDigitsNeedNoMultiplication) {
  const program::Program program = two_layers();
  EXPECT_THAT(work_of(program, program.sections[0].nodes[2]).operations,
              ElementsAre(Operations{kAdd, 12, 3, 6}));
  // 7 = 8 - 1, 4, 0 and 5 = 4 + 1: two digits, one, none, two.
  const OpWork digits = work("buffer x s4 [2]\nbuffer y s9 [2]\n",
                             "constant w s4 [2 2] signed_digits terms=2 { 7 4 0 5 }\n",
                             "y = linear(x) weight=w accumulator=s9");
  EXPECT_THAT(digits.operations, ElementsAre(Operations{kAdd, 9, 5, 8}));
}

TEST(Operations, SpikesNeedNoMultiplication) {
  const OpWork found =
      work("buffer x u1 [3]\nbuffer y s9 [2]\n", "constant w s4 [2 3] uniform { 3 0 5 -7 1 2 }\n",
           "y = linear(x) weight=w accumulator=s9");
  EXPECT_THAT(found.operations, ElementsAre(Operations{kAdd, 9, 5, 6}));
}

TEST(Operations, Requantize) {
  const program::Program program = two_layers();
  EXPECT_THAT(work_of(program, program.sections[0].nodes[1]).operations,
              ElementsAre(Operations{kMultiply, std::sqrt(13.0 * 24.0), 2, 2},
                          Operations{kAdd, 37, 2, 2}, Operations{kAdd, 6, 4, 4}));
}

TEST(Operations, RequantizeByPowersOfTwoShifts) {
  const auto requantize = [](const std::string& multipliers, const std::string& addend,
                             const std::string& rounding) {
    return work("buffer x s8 [2]\nbuffer y s6 [2]\n",
                "constant m s4 [2] uniform { " + multipliers + " }\nconstant b s4 [1] uniform { " +
                    addend + " }\nconstant e u3 [1] uniform { 3 }\n",
                "y = requantize(x) multiplier=m addend=b shift=e rounding=" + rounding +
                    " lowest=-32 highest=31")
        .operations;
  };
  EXPECT_THAT(requantize("-4 1", "0", "floor"), ElementsAre(Operations{kAdd, 6, 4, 4}));
  EXPECT_THAT(
      requantize("-4 1", "5", "half_up"),
      ElementsAre(Operations{kAdd, 8, 2, 2}, Operations{kAdd, 8, 2, 2}, Operations{kAdd, 6, 4, 4}));
  EXPECT_THAT(requantize("-4 3", "0", "floor"),
              ElementsAre(Operations{kMultiply, std::sqrt(32.0), 2, 2}, Operations{kAdd, 6, 4, 4}));
}

TEST(Operations, TablesAndComparisons) {
  const std::string buffers = "buffer x s8 [3]\nbuffer y s8 [3]\n";
  // Three thresholds, four codes: two comparisons find the code.
  EXPECT_THAT(
      work(buffers, "constant t s8 [3] uniform { -1 0 5 }\nconstant c s8 [4] uniform { 0 1 2 3 }\n",
           "y = threshold(x) thresholds=t codes=c")
          .operations,
      testing::Contains(Operations{kAdd, 8, 6, 6}));
  EXPECT_THAT(work(buffers, "", "y = clamp(x) lowest=0 highest=9").operations,
              ElementsAre(Operations{kAdd, 8, 6, 6}));
  EXPECT_THAT(
      work(buffers, "constant t s8 [4] uniform { 1 2 3 4 }\n", "y = lookup(x) table=t first=-2")
          .operations,
      ElementsAre(Operations{kAdd, 8, 9, 9}));
  EXPECT_THAT(work(buffers, "", "y = copy(x)").operations, IsEmpty());
  EXPECT_THAT(work(buffers, "", "y = transpose(x) order=[0]").operations, IsEmpty());
  EXPECT_THAT(work("buffer x s8 [2 3]\nbuffer y u2 [2 1]\n", "", "y = argmax(x)").operations,
              ElementsAre(Operations{kAdd, 8, 4, 4}));
  EXPECT_THAT(work("buffer x s8 [3]\nbuffer y s9 [3]\n", "", "y = add(x, x)").operations,
              ElementsAre(Operations{kAdd, 9, 3, 3}));
}

}  // namespace
}  // namespace pare::cost
