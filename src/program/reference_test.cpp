#include "program/reference.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/check.h"
#include "program/text.h"

namespace pare::program {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The program of which these are the declarations and the ops of one section that runs once.
Program once(const std::string& declarations, const std::string& ops) {
  return parse("program 1 test\n" + declarations + "section once {\n" + ops + "}\n", "test");
}

Codes run(const Program& program, std::vector<Codes> inputs) {
  return run_reference(program, {std::move(inputs)}, {.traps = true}).outputs.front();
}

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(Reference, RunsTheDocumentedExample) {
  std::ifstream file(std::string(PARE_SOURCE_DIR) + "/docs/formats/program.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str();
  const std::size_t first = text.find("```\nprogram") + 4;
  const std::string example = text.substr(first, text.find("```", first) - first);
  const Program program = parse(example, "program.md");
  EXPECT_EQ(print(program), example);
  // fc1: -3*10 + 5*-20 + 7*30 + 100 = 180 and 10 - 8*3 + 2*30 - 20 = 26.
  // codes: 180 * 5033165 / 2^27 = 6.75 and 26 * 7549747 / 2^27 = 1.46.
  // fc2: 7 - 1, 1, -7.
  const auto outputs = run_reference(program, {{{10, 3, -20, 30}}}, {true, true});
  EXPECT_THAT(outputs.buffers[1], ElementsAre(180, 26));
  EXPECT_THAT(outputs.buffers[2], ElementsAre(7, 1));
  EXPECT_THAT(outputs.outputs[0], ElementsAre(6, 1, -7));
  EXPECT_THAT(outputs.outputs[1], ElementsAre(0));
}

TEST(Reference, LinearActsOnTheLastAxis) {
  const Program program = once(
      "buffer x s4 [2 3] buffer y s12 [2 2] constant w s4 [2 3] uniform { 1 2 3 -4 0 5 }\n"
      "constant b s8 [2] uniform { 100 -100 } inputs x outputs y ",
      "y = linear(x) weight=w bias=b accumulator=s10\n");
  EXPECT_THAT(run(program, {{1, 2, 3, -8, 7, 0}}), ElementsAre(114, -89, 106, -68));
}

TEST(Reference, PredicatesMakeBlocksOfOutputsZero) {
  const Program program = once(
      "buffer x s4 [1] buffer p u1 [2] buffer y s8 [4] constant w s4 [4 1] uniform { 1 2 3 4 }\n"
      "constant b s4 [4] uniform { 1 1 1 1 } inputs x p outputs y ",
      "y = linear(x, p) weight=w bias=b accumulator=s7 predicate_block=2\n");
  EXPECT_THAT(run(program, {{2}, {0, 1}}), ElementsAre(0, 0, 7, 9));
  EXPECT_THAT(run(program, {{2}, {1, 0}}), ElementsAre(3, 5, 0, 0));
}

TEST(Reference, CirculantWeightsAreTheirFirstColumns) {
  // [1 3 2; 2 1 3; 3 2 1] (x, y, z)
  const Program program = once(
      "buffer x s4 [3] buffer y s8 [3] constant w s3 [3 3] uniform circulant=3 { 1 2 3 }\n"
      "inputs x outputs y ",
      "y = linear(x) weight=w accumulator=s8\n");
  EXPECT_THAT(run(program, {{1, 0, 0}}), ElementsAre(1, 2, 3));
  EXPECT_THAT(run(program, {{1, 2, 4}}), ElementsAre(15, 16, 11));
}

TEST(Reference, RequantizeBroadcastsAndRounds) {
  const Program program = once(
      "buffer x s12 [2 2] buffer y s4 [2 2] constant m s4 [2 1] uniform { 1 -3 }\n"
      "constant b s4 [1 2] uniform { 0 2 } constant e u2 [1] uniform { 2 } inputs x outputs y ",
      "y = requantize(x) multiplier=m addend=b shift=e rounding=half_even lowest=-7 highest=7\n");
  // 10/4 = 2.5, (12 + 2)/4 = 3.5, -6/4 = -1.5, (-9 + 2)/4 = -1.75
  EXPECT_THAT(run(program, {{10, 12, 2, 3}}), ElementsAre(2, 4, -2, -2));
  EXPECT_THAT(run(program, {{2000, -2000, 2000, -2000}}), ElementsAre(7, -7, -7, 7));
}

TEST(Reference, ThresholdCountsThosePassed) {
  const Program program = once(
      "buffer x s8 [2] buffer y s3 [2] constant t s6 [2 2] uniform { -5 5 10 10 }\n"
      "constant c s3 [2 3] uniform { -1 0 1 3 2 -3 } inputs x outputs y ",
      "y = threshold(x) thresholds=t codes=c\n");
  EXPECT_THAT(run(program, {{-6, 9}}), ElementsAre(-1, 3));
  EXPECT_THAT(run(program, {{-5, 10}}), ElementsAre(0, -3));
  EXPECT_THAT(run(program, {{5, 127}}), ElementsAre(1, -3));
}

TEST(Reference, ClampAddConcatCopyLookupAndArgMax) {
  const Program program = once(
      "buffer a s4 [2 1] buffer b s4 [2 1] buffer sum s5 [2 1] buffer relu u3 [2 1]\n"
      "buffer both s5 [4 1] buffer flat s5 [2 2] buffer square u6 [2 2] buffer top u1 [2 1]\n"
      "constant squares u5 [5] uniform { 4 1 0 1 4 } inputs a b outputs both relu square top ",
      "sum = add(a, b)\n relu = clamp(sum) lowest=0 highest=7\n both = concat(sum, relu)\n"
      "flat = copy(both)\n square = lookup(flat) table=squares first=-2\n top = argmax(flat)\n");
  const auto outputs = run_reference(program, {{{-8, 3}, {-1, 6}}}, {true, false}).outputs;
  EXPECT_THAT(outputs[0], ElementsAre(-9, 9, 0, 7));
  EXPECT_THAT(outputs[1], ElementsAre(0, 7));
  EXPECT_THAT(outputs[2], ElementsAre(4, 4, 0, 4));
  EXPECT_THAT(outputs[3], ElementsAre(1, 1));
  const auto ties = run_reference(program, {{{1, 1}, {0, 0}}}, {true, false}).outputs;
  EXPECT_THAT(ties[3], ElementsAre(0, 0));
}

TEST(Reference, TransposePutsAxesInAnotherOrder) {
  const Program program = once("buffer x s8 [2 1 3] buffer y s8 [3 2 1] inputs x outputs y ",
                               "y = transpose(x) order=[2 0 1]\n");
  EXPECT_THAT(run(program, {{1, 2, 3, -4, -5, -6}}), ElementsAre(1, -4, 2, -5, 3, -6));
}

// m sums x with saturation; d is m one step later.
const std::string kLoop =
    "program 1 loop trip_count T\n"
    "buffer x s4 [1] each T buffer m s4 [1] buffer d s4 [1] buffer sum s5 [1] each T\n"
    "buffer next s4 [1] each T buffer late s4 [1] each T buffer last s4 [1]\n"
    "constant start s4 [1] uniform { 1 } inputs x outputs next late m d last\n";
const std::string kLoopBody =
    " T {\n state m initial=start next=next\n state d initial=start next=m\n"
    "sum = add(m, x)\n next = clamp(sum) lowest=-8 highest=7\n late = copy(d)\n}\n"
    "section once {\n last = copy(m)\n}\n";

TEST(Reference, ConvSlidesOverEachGroup) {
  // Two groups of one channel each over [2, 2, 3]; a 2 x 2 kernel with a row of padding in front
  // and stride 2 along the columns.
  const Program program = once(
      "buffer x s6 [2 2 3] buffer y s12 [2 2 1]\n"
      "constant w s4 [2 1 2 2] uniform { 1 2 3 4 -1 0 0 5 } constant b s8 [2] uniform { 10 -10 }\n"
      "inputs x outputs y ",
      "y = conv(x) weight=w bias=b stride=[1 2] padding=[1 0 0 0] dilation=[1 1] groups=2 "
      "accumulator=s12\n");
  // Row -1 is padding: 3*1 + 4*2 + 10; then 1*1 + 2*2 + 3*4 + 4*5 + 10.
  // Second channel: 5*8 - 10; -7 + 5*11 - 10.
  EXPECT_THAT(run(program, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}), ElementsAre(21, 47, 30, 38));
}

TEST(Reference, ConvOverOneAndThreeAxesWithDilation) {
  const Program line = once(
      "buffer x s6 [1 5] buffer y s12 [1 3] constant w s4 [1 1 2] uniform { 1 -2 }\n"
      "inputs x outputs y ",
      "y = conv(x) weight=w stride=[1] padding=[0 0] dilation=[2] groups=1 accumulator=s12\n");
  EXPECT_THAT(run(line, {{1, 2, 3, 4, 5}}), ElementsAre(1 - 6, 2 - 8, 3 - 10));
  const Program cube = once(
      "buffer x s6 [1 2 1 2] buffer y s12 [1 1 1 1] constant w s4 [1 1 2 1 2] uniform "
      "{ 1 2 3 4 } inputs x outputs y ",
      "y = conv(x) weight=w stride=[1 1 1] padding=[0 0 0 0 0 0] dilation=[1 1 1] groups=1 "
      "accumulator=s12\n");
  EXPECT_THAT(run(cube, {{1, 10, 5, -3}}), ElementsAre(1 + 20 + 15 - 12));
}

TEST(Reference, PoolsJoinWindows) {
  const std::string buffers = "buffer x s6 [2 4] buffer y s9 [2 2] inputs x outputs y ";
  const std::string window = "size=[2] stride=[3] padding=[1 0] dilation=[1]\n";
  const Codes x = {-5, -7, 9, 4, 1, 2, 3, 4};
  // Windows hold elements -1, 0 and 2, 3; padding is no 0 for the largest.
  EXPECT_THAT(run(once(buffers, "y = max_pool(x) " + window), {x}), ElementsAre(-5, 9, 1, 4));
  EXPECT_THAT(run(once(buffers, "y = sum_pool(x) " + window), {x}), ElementsAre(-5, 13, 1, 7));
}

TEST(Reference, MaximumIsTheLargerOfTwo) {
  const Program program =
      once("buffer a s6 [2] buffer b s4 [2] buffer y s6 [2] inputs a b outputs y ",
           "y = maximum(a, b)\n");
  EXPECT_THAT(run(program, {{-5, 7}, {3, -8}}), ElementsAre(3, 7));
}

TEST(Reference, MultiplyIsTheProductOfTwo) {
  const Program program =
      once("buffer a s6 [3] buffer b s4 [3] buffer y s10 [3] inputs a b outputs y ",
           "y = multiply(a, b)\n");
  EXPECT_THAT(run(program, {{-32, 7, 5}, {-8, -8, 0}}), ElementsAre(256, -56, 0));
}

TEST(Reference, StatesChangeTogetherAtTheEndOfAStep) {
  const Program forward = parse(kLoop + "section forward" + kLoopBody, "test");
  const auto outputs = run_reference(forward, {{{3, 5, -1, -2}}, {4}}, {.traps = true}).outputs;
  EXPECT_THAT(outputs[0], ElementsAre(4, 7, 6, 4));
  EXPECT_THAT(outputs[1], ElementsAre(1, 1, 4, 7));
  EXPECT_THAT(outputs[2], ElementsAre(4));
  EXPECT_THAT(outputs[3], ElementsAre(6));
  EXPECT_THAT(outputs[4], ElementsAre(4));
  const auto none = run_reference(forward, {{{}}, {0}}).outputs;
  EXPECT_TRUE(none[0].empty());
  EXPECT_THAT(none[4], ElementsAre(1));
}

TEST(Reference, BackwardLoopsStartAtTheEnd) {
  const Program backward = parse(kLoop + "section backward" + kLoopBody, "test");
  const auto outputs = run_reference(backward, {{{3, 5, -1, -2}}, {4}}, {.traps = true}).outputs;
  EXPECT_THAT(outputs[0], ElementsAre(6, 3, -2, -1));
  EXPECT_THAT(outputs[4], ElementsAre(6));
  EXPECT_THAT(message_of([&] { ReferenceStepper(backward, {}); }),
              HasSubstr("cannot run step by step"));
}

TEST(Reference, StepsOneByOne) {
  const Program program = parse(kLoop + "section forward" + kLoopBody, "test");
  ReferenceStepper stepper(program, {}, {.traps = true});
  EXPECT_THAT(stepper.step({{3}}), ElementsAre(ElementsAre(4), ElementsAre(1)));
  EXPECT_THAT(stepper.step({{5}}), ElementsAre(ElementsAre(7), ElementsAre(1)));
  EXPECT_THAT(stepper.step({{-1}}), ElementsAre(ElementsAre(6), ElementsAre(4)));
  EXPECT_THAT(stepper.finish(), ElementsAre(ElementsAre(6), ElementsAre(7), ElementsAre(6)));
}

TEST(Reference, TrapsWhatLeavesItsWidth) {
  Program program = once(
      "buffer x s4 [2] buffer y s8 [1] constant w s4 [1 2] uniform { 5 -5 } inputs x outputs y ",
      "y = linear(x) weight=w accumulator=s8\n");
  // 35 - 35 = 0 fits in anything, but not every order of summation does.
  auto& linear = std::get<Linear>(program.sections[0].nodes[0].op);
  linear.accumulator = {6, true};
  EXPECT_THROW(check(program), InputError);
  EXPECT_THAT(run_reference(program, {{{7, 7}}}).outputs[0], ElementsAre(0));
  EXPECT_THAT(message_of([&] {
                run(program, {{7, 7}});
              }),
              HasSubstr("linear 'y': a partial sum is 35, which s6 (-32 … 31) does not hold"));
  linear.accumulator = {8, true};
  program.buffers[1].width = {6, true};
  EXPECT_THROW(run(program, {{7, -1}}), InternalError);
  EXPECT_THAT(run(program, {{7, 1}}), ElementsAre(30));
}

TEST(Reference, RefusesInputsThatDoNotFit) {
  const Program program = parse(kLoop + "section forward" + kLoopBody, "test");
  const auto message = [&](Inputs inputs) {
    return message_of([&] { run_reference(program, inputs); });
  };
  EXPECT_THAT(message({{{8}}, {1}}), HasSubstr("input 'x': code 8, expected -8 … 7 (s4)"));
  EXPECT_THAT(message({{{1}}, {2}}), HasSubstr("input 'x': 1 codes, expected 2"));
  EXPECT_THAT(message({{}, {2}}), HasSubstr("0 inputs, expected 1"));
  EXPECT_THAT(message({{{1}}, {}}), HasSubstr("0 trip counts, expected 1"));
  EXPECT_THAT(message({{{}}, {-1}}), HasSubstr("trip count 'T' is -1"));
  EXPECT_THAT(message({{{}}, {kMaxRunElements}}), HasSubstr("over all steps"));
}

}  // namespace
}  // namespace pare::program
