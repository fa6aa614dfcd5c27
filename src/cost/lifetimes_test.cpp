#include "cost/lifetimes.h"

#include <algorithm>
#include <array>
#include <string>

#include <gmock/gmock.h>

#include "cost/test_programs.h"
#include "program/random_program.h"

namespace pare::cost {
namespace {

using testing::ElementsAre;

TEST(Lifetimes, AccumulatorsStayInRegisters) {
  const Storage storage = analyse_storage(two_layers(), {});
  // x, fc1.sum, fc1.code, fc2.sum (argmax needs all of it), class
  EXPECT_THAT(storage.is_stored, ElementsAre(true, false, true, true, true));
}

TEST(Lifetimes, PeakOfTwoLayers) {
  const Storage storage = analyse_storage(two_layers(), {});
  // fc1: x 4 s8, code 2 u6: 44 bits, 6 bytes. fc2: code, sum 3 s12: 48 bits, 8 bytes. argmax: less.
  EXPECT_EQ(storage.peak_bits, 48);
  EXPECT_EQ(storage.peak_bytes, 8);
}

TEST(Lifetimes, WhatIsReadTwiceOrPutOutIsStored) {
  const auto stored = [](const std::string& outputs, const std::string& second) {
    return analyse_storage(
               program::parse("program 1 p\nbuffer x s4 [2]\nbuffer a s5 [2]\nbuffer b s6 [2]\n"
                              "inputs x\noutputs " +
                                  outputs + "\nsection once {\na = add(x, x)\nb = " + second +
                                  "\n}\n",
                              "p"),
               {})
        .is_stored;
  };
  EXPECT_THAT(stored("b", "clamp(a) lowest=0 highest=9"), ElementsAre(true, false, true));
  EXPECT_THAT(stored("a b", "clamp(a) lowest=0 highest=9"), ElementsAre(true, true, true));
  EXPECT_THAT(stored("b", "add(a, a)"), ElementsAre(true, true, true));
  EXPECT_THAT(stored("b", "copy(a)"), ElementsAre(true, true, true));
}

TEST(Lifetimes, StreamedStepsCountOnce) {
  const std::array<std::int64_t, 1> steps{5};
  // x 3 u4, total 3 u8 and its next value are alive together.
  const Storage storage = analyse_storage(sum_over_time(), steps);
  EXPECT_EQ(storage.peak_bits, 12 + 24 + 24);
  EXPECT_EQ(storage.peak_bytes, 9);
}

TEST(Lifetimes, BackwardLoopsNeedAllStepsOfTheInput) {
  program::Program program = sum_over_time();
  program.sections.front().kind = program::SectionKind::kBackward;
  const std::array<std::int64_t, 1> steps{5};
  EXPECT_EQ(analyse_storage(program, steps).peak_bits, 5 * 12 + 24 + 24);
}

TEST(Lifetimes, WhatAnotherLoopReadsIsKeptForAllSteps) {
  const program::Program program = program::parse(
      "program 1 p\ntrip_count T\nbuffer x u4 [1] each T\nbuffer a u5 [1] each T\n"
      "buffer b u6 [1] each T\ninputs x\noutputs b\n"
      "section forward T {\na = add(x, x)\n}\nsection backward T {\nb = add(a, a)\n}\n",
      "p");
  const std::array<std::int64_t, 1> steps{3};
  EXPECT_EQ(analyse_storage(program, steps).peak_bits, 3 * (5 + 6));
}

TEST(Lifetimes, WhatALoopReadsFromOutsideLivesAsLongAsTheLoop) {
  const program::Program program = program::parse(
      "program 1 p\ntrip_count T\nbuffer c u7 [4]\nbuffer a u7 [4] each T\n"
      "buffer b u7 [4] each T\nbuffer d u7 [4] each T\ninputs c\noutputs d\n"
      "section forward T {\na = copy(c)\nb = copy(a)\nd = copy(b)\n}\n",
      "p");
  const std::array<std::int64_t, 1> steps{1};
  // c, and two of the others.
  EXPECT_EQ(analyse_storage(program, steps).peak_bits, 3 * 28);
}

TEST(Lifetimes, NextValuesOfStatesLiveToTheEndOfTheStep) {
  const program::Program program = program::parse(
      "program 1 p\ntrip_count T\nbuffer x u4 [4] each T\nbuffer s u9 [4] each T\n"
      "buffer n u8 [4] each T\nbuffer m u8 [4]\nbuffer a u4 [4] each T\n"
      "buffer b u4 [4] each T\nconstant zero u1 [1] uniform { 0 }\ninputs x\noutputs b\n"
      "section forward T {\nstate m initial=zero next=n\ns = add(x, m)\n"
      "n = clamp(s) lowest=0 highest=255\na = copy(x)\nb = copy(a)\n}\n",
      "p");
  const std::array<std::int64_t, 1> steps{1};
  // The second copy: m and n, a and b.
  EXPECT_EQ(analyse_storage(program, steps).peak_bits, 32 + 32 + 16 + 16);
}

TEST(Lifetimes, BytesOfElements) {
  EXPECT_EQ(bytes_of_element(1), 1);
  EXPECT_EQ(bytes_of_element(8), 1);
  EXPECT_EQ(bytes_of_element(9), 2);
  EXPECT_EQ(bytes_of_element(17), 4);
  EXPECT_EQ(bytes_of_element(33), 8);
  EXPECT_EQ(bytes_of_element(62), 8);
}

/// The peak holds every op's stored operands, and all stored buffers hold the peak.
TEST(Lifetimes, BoundsOnRandomPrograms) {
  int num_loops = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const program::Program program = program::random_program(seed);
    const std::vector<std::int64_t> steps(program.trip_counts.size(), 3);
    const Storage storage = analyse_storage(program, steps);
    const auto bits_of = [&](program::BufferId id, std::int64_t times) {
      const program::Buffer& buffer = program.buffer(id);
      return storage.is_stored[id.value] ? times * num_elements(buffer.shape) * buffer.width.bits
                                         : 0;
    };
    std::int64_t all = 0;
    for (std::uint32_t b = 0; b < program.buffers.size(); ++b) all += bits_of({b}, 3);
    ASSERT_LE(storage.peak_bits, all) << "seed " << seed;
    ASSERT_LE(storage.peak_bits, 8 * storage.peak_bytes) << "seed " << seed;
    for (const program::Section& section : program.sections) {
      num_loops += section.kind != program::SectionKind::kOnce;
      for (const program::Node& node : section.nodes) {
        std::vector<program::BufferId> operands = node.inputs;
        std::sort(operands.begin(), operands.end());
        operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
        std::int64_t at_once = bits_of(node.outputs.front(), 1);
        for (const program::BufferId id : operands) at_once += bits_of(id, 1);
        ASSERT_GE(storage.peak_bits, at_once) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(num_loops, 20);
}

}  // namespace
}  // namespace pare::cost
