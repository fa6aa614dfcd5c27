#include "program/check.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/text.h"

namespace pare::program {
namespace {

using testing::HasSubstr;

constexpr std::string_view kText = R"(program 1 test
trip_count T
trip_count U
buffer x s4 [2] each T from input
buffer sum s8 [2] each T
buffer code u4 [2] each T
buffer m s6 [2]
buffer total s8 [2] each T
buffer next s6 [2] each T
buffer level s2 [2]
buffer other s2 [2]
buffer both s2 [4]
constant w s3 [2 2] uniform { 1 -3 2 3 }
constant b s4 [2] uniform { 1 -8 }
constant one s8 [1] uniform { 1 }
constant t s3 [2 2] uniform { -1 1 -2 2 }
constant c s2 [3] ternary { -1 0 1 }
constant signs s2 [2] binary { -1 1 }
constant digits s5 [1] signed_digits terms=2 { 12 }
inputs x
outputs both
section forward T {
  state m initial=one next=next
  sum = linear(x) weight=w bias=b accumulator=s8
  code = requantize(sum) multiplier=one addend=b shift=one rounding=floor lowest=0 highest=15
  total = add(m, code)
  next = clamp(total) lowest=-32 highest=31
}
section once {
  level = threshold(m) thresholds=t codes=c
  other = lookup(m) table=c first=-1
  both = concat(level, other)
}
)";

/// Nodes: 0 linear, 1 requantize, 2 add, 3 clamp; in the second section 0 threshold, 1 lookup, 2
/// concat.
std::string message_after(const std::function<void(Program&)>& change) {
  Program program = parse(kText, "test");
  change(program);
  try {
    check(program);
  } catch (const InputError& error) {
    return error.what();
  }
  return "passed";
}

Node& node(Program& program, std::size_t section, std::size_t i) {
  return program.sections[section].nodes[i];
}

TEST(Check, KeepsIdsInsideTheProgram) {
  EXPECT_EQ(message_after([](Program&) {}), "passed");
  EXPECT_THAT(message_after([](Program& p) { p.inputs[0].value = 99; }),
              HasSubstr("the list of inputs refers to buffer 99 of 9"));
  EXPECT_THAT(message_after([](Program& p) { p.outputs[0].value = 99; }), HasSubstr("buffer 99"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].each->value = 2; }),
              HasSubstr("buffer 'x' refers to trip count 2 of 2"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 0, 0).inputs[0].value = 99; }),
              HasSubstr("linear 'sum' refers to buffer 99"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 0, 0).outputs[0].value = 99; }),
              HasSubstr("linear refers to buffer 99"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 0, 0).outputs.clear(); }),
              HasSubstr("linear: 0 outputs, expected 1"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Linear>(node(p, 0, 0).op).weight.value = 9; }),
      HasSubstr("constant 9 of 7"));
  EXPECT_THAT(message_after([](Program& p) { std::get<Linear>(node(p, 0, 0).op).bias->value = 9; }),
              HasSubstr("constant 9 of 7"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[0].states[0].initial.value = 9; }),
              HasSubstr("a state refers to constant 9"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[0].trip_count.value = 2; }),
              HasSubstr("a loop refers to trip count 2"));
}

TEST(Check, WantsAnOrderOfAllAxes) {
  const auto message = [](const std::string& order, const std::string& shape) -> std::string {
    try {
      check(parse("program 1 test buffer x s8 [2 3] buffer y s8 " + shape +
                      " inputs x outputs y section once {\ny = transpose(x) order=" + order +
                      "\n}\n",
                  "test"));
    } catch (const InputError& error) {
      return error.what();
    }
    return "passed";
  };
  EXPECT_EQ(message("[1 0]", "[3 2]"), "passed");
  EXPECT_THAT(message("[1 0]", "[2 3]"),
              HasSubstr("transpose 'y': output [2, 3], expected [3, 2]"));
  EXPECT_THAT(message("[0]", "[3 2]"), HasSubstr("order [0] of the axes of [2, 3], expected each "
                                                 "from 0 to 1 once"));
  EXPECT_THAT(message("[1 1]", "[3 2]"), HasSubstr("order [1, 1]"));
  EXPECT_THAT(message("[1 2]", "[3 2]"), HasSubstr("order [1, 2]"));
}

TEST(Check, KeepsNamesUnique) {
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].name = "x"; }),
              HasSubstr("two buffers are called 'x'"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[1].name = "w"; }),
              HasSubstr("two constants are called 'w'"));
  EXPECT_THAT(message_after([](Program& p) { p.trip_counts[1] = "T"; }),
              HasSubstr("two trip counts are called 'T'"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].name = ""; }),
              HasSubstr("a buffer has no name"));
}

TEST(Check, LooksAtBuffersAndConstants) {
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].width.bits = 63; }),
              HasSubstr("buffer 'sum': 63 bits, expected 1 … 62"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].shape = {}; }),
              HasSubstr("at least one axis"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].shape = {0}; }),
              HasSubstr("at least one axis and one element"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].shape = {kMaxElements}; }),
              HasSubstr("all buffers together"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].origin->kept = {1}; }),
              HasSubstr("1 channels kept"));
  EXPECT_THAT(message_after([](Program& p) {
                (p.buffers[0].origin->kept = {2, 1});
              }),
              HasSubstr("not ascending"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].origin->wire = ""; }),
              HasSubstr("its origin has no name"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[0].values.pop_back(); }),
              HasSubstr("constant 'w': 3 values, expected 4"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[0].values[0] = 4; }),
              HasSubstr("constant 'w': holds 4, expected -4 … 3 (s3)"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[0].circulant = 3; }),
              HasSubstr("not made of circulant blocks of size 3"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[0].circulant = 0; }),
              HasSubstr("not made of circulant blocks of size 0"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[4].values[0] = -2; }),
              HasSubstr("constant 'c': holds -2, expected -1, 0 or 1"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[5].values[0] = 0; }),
              HasSubstr("constant 'signs': holds 0, expected -1 or 1"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[6].values[0] = 11; }),
              HasSubstr("sums of at most 2 signed powers of two"));
}

TEST(Check, HoldsWritingReadingAndTime) {
  EXPECT_THAT(message_after([](Program& p) { node(p, 0, 1).outputs = node(p, 0, 0).outputs; }),
              HasSubstr("'sum', which is written already"));
  EXPECT_THAT(message_after([](Program& p) { std::swap(node(p, 0, 0), node(p, 0, 1)); }),
              HasSubstr("reads buffer 'sum' before"));
  EXPECT_THAT(message_after([](Program& p) { p.inputs.clear(); }),
              HasSubstr("linear 'sum' reads buffer 'x' before it is written"));
  EXPECT_THAT(message_after([](Program& p) { p.outputs.clear(); }), HasSubstr("no outputs"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[1].nodes.pop_back(); }),
              HasSubstr("reads buffer 'both' before it is written"));
  EXPECT_THAT(
      message_after([](Program& p) { (p.sections[1].nodes.pop_back(), p.outputs = {{3}}); }),
      HasSubstr("buffer 'both' is never written"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[6].each = TripCountId{0}; }),
              HasSubstr("has a value each 'T', expected one value"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].each = TripCountId{1}; }),
              HasSubstr("reads 'x', which has a value each 'U'"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 1, 0).inputs[0].value = 5; }),
              HasSubstr("runs with one value but reads 'next'"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[1].states = p.sections[0].states; }),
              HasSubstr("stands in a section that runs once"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[1].trip_count.value = 1; }),
              HasSubstr("runs once has a trip count"));
}

TEST(Check, HoldsStates) {
  EXPECT_THAT(message_after([](Program& p) { p.sections[0].states[0].initial.value = 4; }),
              HasSubstr("initial value 'c' [3]"));
  EXPECT_THAT(message_after([](Program& p) { p.constants[2].values[0] = 100; }),
              HasSubstr("initial value 100, expected -32 … 31 (s6)"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[0].states[0].next.value = 4; }),
              HasSubstr("its next may be"));
  EXPECT_THAT(message_after([](Program& p) { p.sections[0].states[0].next.value = 6; }),
              HasSubstr("'level' before it is written"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[3].each = TripCountId{0}; }),
              HasSubstr("a state has one value"));
}

TEST(Check, HoldsOperands) {
  EXPECT_THAT(message_after([](Program& p) { node(p, 0, 0).inputs.push_back({0}); }),
              HasSubstr("linear 'sum': 2 inputs, expected 1"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].shape = {3}; }),
              HasSubstr("linear 'sum': output [3], expected [2]"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[0].shape = {3}; }),
              HasSubstr("weight [2, 2] but input [3]: expected [m, 3]"));
  EXPECT_THAT(message_after([](Program& p) { std::get<Linear>(node(p, 0, 0).op).bias->value = 2; }),
              HasSubstr("bias [1], expected [2]"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Linear>(node(p, 0, 0).op).predicate_block = 1; }),
      HasSubstr("1 inputs, expected 2"));
  EXPECT_THAT(message_after([](Program& p) {
                (std::get<Linear>(node(p, 0, 0).op).predicate_block = 3,
                 node(p, 0, 0).inputs.push_back({0}));
              }),
              HasSubstr("predicate_block 3 does not divide the 2 outputs"));
  EXPECT_THAT(message_after([](Program& p) {
                (std::get<Linear>(node(p, 0, 0).op).predicate_block = 2,
                 node(p, 0, 0).inputs.push_back({0}));
              }),
              HasSubstr("predicate [2], expected 1 elements"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Requantize>(node(p, 0, 1).op).shift.value = 0; }),
      HasSubstr("does not broadcast"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Requantize>(node(p, 0, 1).op).shift.value = 1; }),
      HasSubstr("shift -8, expected 0 …"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Requantize>(node(p, 0, 1).op).highest = 16; }),
      HasSubstr("saturates to 0 … 16"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Requantize>(node(p, 0, 1).op).highest = -1; }),
      HasSubstr("saturates to 0 … -1"));
  EXPECT_THAT(message_after([](Program& p) {
                p.constants.push_back({"big", {30, true}, {1}, Uniform{}, {}, {1 << 24}});
                std::get<Requantize>(node(p, 0, 1).op).multiplier.value = 7;
              }),
              HasSubstr("requantize 'code': multiplier 16777216, expected -16777215 …"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].width.bits = 41; }),
              HasSubstr("input of 41 bits, at most 40"));
  EXPECT_THAT(message_after([](Program& p) { std::get<Clamp>(node(p, 0, 3).op).lowest = -33; }),
              HasSubstr("saturates to -33 … 31"));
  EXPECT_THAT(message_after([](Program& p) {
                std::swap(p.constants[3].values[0], p.constants[3].values[1]);
              }),
              HasSubstr("thresholds 't' do not ascend: 1 before -1"));
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Threshold>(node(p, 1, 0).op).codes.value = 3; }),
      HasSubstr("2 codes for 2 thresholds, expected 3"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 1, 2).inputs.pop_back(); }),
              HasSubstr("output [4], expected [2]"));
  EXPECT_THAT(message_after([](Program& p) { node(p, 1, 2).inputs.clear(); }),
              HasSubstr("joins nothing"));
}

TEST(Check, ProvesWidths) {
  EXPECT_THAT(
      message_after([](Program& p) { std::get<Linear>(node(p, 0, 0).op).accumulator.bits = 6; }),
      HasSubstr("linear 'sum': partial sums may be -48 … 35, which s6 (-32 … 31) does not hold"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[1].width.bits = 6; }),
              HasSubstr("linear 'sum': values may be"));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[4].width.bits = 6; }),
              HasSubstr("add 'total': values may be -32 … "));
  EXPECT_THAT(message_after([](Program& p) { p.buffers[6].width.bits = 1; }),
              HasSubstr("threshold 'level': values may be -1 … 1"));
}

}  // namespace
}  // namespace pare::program
