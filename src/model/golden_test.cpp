#include "model/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "program/random_program.h"
#include "program/text.h"

namespace pare::model {
namespace {

using program::BufferId;
using program::Codes;
using program::Inputs;
using program::Program;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// m is the sum of all x so far, saturated at 100.
Program running_sum() {
  return program::parse(R"(program 1 running_sum
trip_count T
buffer x s8 [2] each T
buffer m s8 [2]
buffer sum s9 [2] each T
buffer next s8 [2] each T
constant zero s1 [1] uniform { 0 }
inputs x
outputs next
section forward T {
  state m initial=zero next=next
  sum = add(x, m)
  next = clamp(sum) lowest=-100 highest=100
}
)",
                        "test");
}

template <class T>
std::vector<T> elements(const Tensor& tensor) {
  const auto all = tensor.as<T>();
  return {all.begin(), all.end()};
}

// The first output of SplitMix64 with seed 0, whose state is then 0x9e3779b97f4a7c15, as published
// with its authors' code; the hash of one integer begins with 1.
TEST(HashCodes, MixesAsSplitMix64) {
  EXPECT_EQ(hash_codes(Codes{}), 0U);
  const auto x = static_cast<std::int64_t>(0x9e3779b97f4a7c15U ^ 1U);
  EXPECT_EQ(hash_codes(Codes{x}), 0xe220a8397b1dcdafU);
}

TEST(HashCodes, ShowsOrderNumberAndSign) {
  EXPECT_NE(hash_codes(Codes{1, 2}), hash_codes(Codes{2, 1}));
  EXPECT_NE(hash_codes(Codes{0}), hash_codes(Codes{0, 0}));
  EXPECT_NE(hash_codes(Codes{5}), hash_codes(Codes{-5}));
}

// By hand: 60, 120 -> 100, 90; and -1, -2, -130 -> -100.
TEST(Golden, IsWhatThePoorestArithmeticSays) {
  const Program program = running_sum();
  const std::vector<Inputs> samples = {{{{60, -1, 60, -1, -10, -128}}, {3}},
                                       {{{0, 0, 0, 0, 0, 0}}, {3}}};
  const Golden golden = make_golden(program, samples);
  EXPECT_EQ(golden.num_samples, 2);
  EXPECT_EQ(golden.num_kept, 2);
  EXPECT_THAT(golden.trip_counts, ElementsAre(3));
  EXPECT_EQ(golden.codes[0].shape(), (Shape{2, 3, 2}));
  EXPECT_THAT(elements<std::int8_t>(golden.codes[3]),
              ElementsAre(60, -1, 100, -2, 90, -100, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(elements<std::int16_t>(golden.codes[2]),
              ElementsAre(60, -1, 120, -2, 90, -130, 0, 0, 0, 0, 0, 0));
  // A state is recorded with its last value.
  EXPECT_EQ(golden.codes[1], Tensor::from<std::int8_t>({2, 2}, {90, -100, 0, 0}));
  EXPECT_EQ(golden.hashes[1].shape(), (Shape{2, 1}));
  EXPECT_EQ(hash_of(golden, {1}, 0, 0), hash_codes(Codes{90, -100}));
  EXPECT_EQ(hash_of(golden, {3}, 0, 1), hash_codes(Codes{100, -2}));
  EXPECT_THAT(codes_of(golden, {3}, 0), ElementsAre(60, -1, 100, -2, 90, -100));
  EXPECT_EQ(inputs_of(program, golden, 0).buffers, samples[0].buffers);
  EXPECT_EQ(inputs_of(program, golden, 0).trip_counts, samples[0].trip_counts);
  check_golden(program, golden);
}

TEST(Golden, FitsItsProgramWhateverThatIs) {
  int num_loops = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Program program = program::RandomProgram(seed, {}).make();
    Inputs inputs = random_inputs(program, seed, program::InputKind::kAny);
    num_loops += static_cast<int>(inputs.trip_counts.size());
    const Golden golden = make_golden(program, std::vector{inputs, inputs, inputs});
    check_golden(program, golden);
    ASSERT_EQ(golden.num_kept, 3);
    const auto expected = run_reference(program, inputs, {.keeps_buffers = true});
    for (std::uint32_t i = 0; i < program.buffers.size(); ++i) {
      ASSERT_EQ(codes_of(golden, {i}, 2), expected.buffers[i]) << seed << " " << i;
    }
  }
  EXPECT_GT(num_loops, 50);
}

// 2 steps of 2^20 elements: 2 MiB of inputs and 2 of outputs a sample, 6 with what is between.
TEST(Golden, KeepsWithinItsBytes) {
  const Program program = program::parse(R"(program 1 large
trip_count T
buffer x u8 [1048576] each T
buffer y s9 [1048576] each T
buffer z u1 [1048576] each T
inputs x
outputs z
section forward T {
  y = copy(x)
  z = clamp(y) lowest=0 highest=1
}
)",
                                         "test");
  const Inputs sample{{Codes(2 << 20, 255)}, {2}};
  const Golden golden = make_golden(program, std::vector<Inputs>(3, sample));
  EXPECT_EQ(golden.num_samples, 2);
  EXPECT_EQ(golden.num_kept, 0);
  EXPECT_EQ(golden.hashes[1].shape(), (Shape{2, 2}));
  check_golden(program, golden);

  const Inputs short_sample{{Codes(1 << 20, 255)}, {1}};
  const Golden shorter = make_golden(program, std::vector<Inputs>(3, short_sample));
  EXPECT_EQ(shorter.num_samples, 3);
  EXPECT_EQ(shorter.num_kept, 1);
  EXPECT_TRUE(has_codes(shorter, {0}, 2));
  EXPECT_TRUE(has_codes(shorter, {1}, 0));
  EXPECT_FALSE(has_codes(shorter, {1}, 1));
}

TEST(Golden, TakesNoMoreSamplesThanItsMost) {
  const std::vector<Inputs> samples(300, Inputs{{{1, 2}}, {1}});
  EXPECT_EQ(make_golden(running_sum(), samples).num_samples, kMaxGoldenSamples);
}

TEST(Golden, RefusesSamplesOfUnequalLengthAndNone) {
  const auto error = [](const std::vector<Inputs>& samples) -> std::string {
    try {
      make_golden(running_sum(), samples);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(no error)";
  };
  EXPECT_THAT(error({}), HasSubstr("no samples"));
  EXPECT_THAT(error({{{{1, 2}}, {1}}, {{{1, 2, 3, 4}}, {2}}}),
              HasSubstr("sample 1 has other trip counts"));
}

TEST(StorageDtype, IsTheNarrowest) {
  EXPECT_EQ(storage_dtype({8, true}), DType::kI8);
  EXPECT_EQ(storage_dtype({9, true}), DType::kI16);
  EXPECT_EQ(storage_dtype({8, false}), DType::kU8);
  EXPECT_EQ(storage_dtype({17, false}), DType::kU32);
  EXPECT_EQ(storage_dtype({62, false}), DType::kU64);
}

}  // namespace
}  // namespace pare::model
