#include "program/text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "program/random_program.h"

namespace pare::program {
namespace {

using testing::HasSubstr;

const std::string kText =
    "program 1 \"a \\\"net\\\"\"\n"
    "\n"
    "buffer x s4 [2]\n"
    "buffer \"first sum\" s9 [1] from fc1 kept [3]\n"
    "\n"
    "constant w s3 [1 2] uniform {\n"
    "  1 -3\n"
    "}\n"
    "\n"
    "inputs x\n"
    "outputs \"first sum\"\n"
    "\n"
    "section once {\n"
    "  \"first sum\" = linear(x) weight=w accumulator=s8\n"
    "}\n";

/// What reading says once the first `from` became `to`.
std::string message_after(const std::string& from, const std::string& to) {
  std::string text = kText;
  text.replace(text.find(from), from.size(), to);
  try {
    parse(text, "net.txt");
  } catch (const InputError& error) {
    return error.what();
  }
  return "passed";
}

TEST(Text, PrintsWhatItRead) {
  const Program program = parse(kText, "test");
  EXPECT_EQ(program.name, "a \"net\"");
  EXPECT_EQ(print(program), kText);
  EXPECT_EQ(hash(program).size(), 64U);
}

TEST(Text, SpaceAndCommentsAndTheOrderOfFieldsDoNotMatter) {
  std::string text = kText;
  const auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("weight=w accumulator=s8", "accumulator=s8 weight =\tw # the layer\n# the end");
  replace("{\n  1 -3\n}", "{ 1\n\n-3 }");
  EXPECT_EQ(print(parse(text, "test")), kText);
}

TEST(Text, NamesAreAnyBytes) {
  Program program = parse(kText, "test");
  program.name = std::string("\0\n\t\\\"é\xff [", 10);
  program.buffers[0].name = "section";
  program.buffers[1].name = "state";
  program.constants[0].name = "7";
  program.buffers[1].origin->wire = "kept";
  EXPECT_EQ(parse(print(program), "test"), program);
}

TEST(Text, ErrorsNameTheLineAndWhatWasExpected) {
  EXPECT_THAT(message_after("s4 [2]", "i4 [2]"),
              HasSubstr("net.txt: line 3: found 'i4', expected a width, s1 … s62 or u1 … u62"));
  EXPECT_THAT(message_after("s4 [2]", "s63 [2]"), HasSubstr("line 3: found 's63'"));
  EXPECT_THAT(message_after("s4 [2]", "s4 2"),
              HasSubstr("line 3: found 2, expected the buffer's shape in [ ]"));
  EXPECT_THAT(message_after("[2]", "[2 x]"), HasSubstr("found 'x', expected an integer or ']'"));
  EXPECT_THAT(message_after("1 -3", "1 3.5"),
              HasSubstr("line 7: found '3.5', expected an integer"));
  EXPECT_THAT(message_after("1 -3", "1 99999999999999999999"), HasSubstr("integer of 64 bits"));
  EXPECT_THAT(
      message_after("uniform", "unary"),
      HasSubstr("line 6: found 'unary', expected one of uniform, signed_digits, ternary, binary"));
  EXPECT_THAT(message_after("linear(", "liner("),
              HasSubstr("line 14: found 'liner', expected one of linear, conv"));
  EXPECT_THAT(message_after("linear(x)", "linear(z)"),
              HasSubstr("line 14: found 'z', expected a buffer declared above"));
  EXPECT_THAT(message_after("weight=w", "weight=v"), HasSubstr("a constant declared above"));
  EXPECT_THAT(message_after("weight=w", "wieght=w"), HasSubstr("linear has no 'weight='"));
  EXPECT_THAT(message_after("weight=w", "weight=w wieght=w"),
              HasSubstr("linear has no field 'wieght'; did you mean 'weight'?"));
  EXPECT_THAT(message_after("weight=w", "weight=w weight=w"), HasSubstr("'weight' is given twice"));
  EXPECT_THAT(message_after("weight=w", "weight=[1 2]"),
              HasSubstr("found '[', expected a constant"));
  EXPECT_THAT(message_after("linear(x) weight=w", "max_pool(x) size=2"),
              HasSubstr("found 2, expected integers in [ ]"));
  EXPECT_THAT(message_after("linear(x) weight=w", "max_pool(x) size=[2"),
              HasSubstr("expected an integer or ']'"));
  EXPECT_THAT(message_after("section once", "section twice"),
              HasSubstr("expected 'once', 'forward' or 'backward'"));
  EXPECT_THAT(message_after("section once", "section forward T"), HasSubstr("a trip count"));
  EXPECT_THAT(message_after("s8\n}", "s8\n"),
              HasSubstr("line 16: found the end, expected a buffer's name"));
  EXPECT_THAT(message_after("buffer x", "buffer @"), HasSubstr("line 3: found '@'"));
  EXPECT_THAT(message_after("\"first sum\" s9", "\"first sum s9"), HasSubstr("has no end"));
  EXPECT_THAT(message_after("\\\"net", "\\nnet"), HasSubstr("line 1: a \\ in quotes"));
  EXPECT_THAT(message_after("buffer \"first sum\"", "buffer x"),
              HasSubstr("line 4: two buffers are called 'x'"));
}

TEST(Text, NewerVersionsAreRefusedByNumber) {
  EXPECT_THAT(message_after("program 1", "program 3"),
              HasSubstr("line 1: program version 3; this pare reads versions up to 2"));
  EXPECT_THAT(message_after("program 1", "program 0"), HasSubstr("version 0, expected 1 or 2"));
}

TEST(Text, DamagedTextIsRefusedOrAnotherProgram) {
  RandomNumbers random(1);
  int num_refused = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string text = print(random_program(seed, {.max_ops = 4}));
    for (int i = 0; i < 20; ++i) {
      std::string damaged = text;
      const auto at = static_cast<std::size_t>(random.in(0, std::ssize(text) - 1));
      if (random.one_in(4)) {
        damaged.resize(at);
      } else {
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.in(0, 7)));
      }
      try {
        const Program program = parse(damaged, "damaged");
        ASSERT_EQ(parse(print(program), "again"), program);
      } catch (const InputError&) {
        ++num_refused;
      }
    }
  }
  EXPECT_GT(num_refused, 2000);
}

TEST(ProgramText, IsOfTheOldestVersionThatHasAllItUses) {
  const auto printed = [](const char* op) {
    const std::string text =
        std::string("program 2 p\n\nbuffer x s8 [2 3]\nbuffer y s8 [3 2]\n\n") +
        "inputs x\noutputs y\n\nsection once {\n  y = " + op + "\n}\n";
    return print(parse(text, "p"));
  };
  EXPECT_THAT(printed("copy(x)"), testing::StartsWith("program 1 p"));
  EXPECT_THAT(printed("transpose(x) order=[1 0]"), testing::StartsWith("program 2 p"));
}

}  // namespace
}  // namespace pare::program
