// What a session promises beside equality: raw samples, statuses, memory.

#include "engine/session.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/equality.h"
#include "model/test_deployment.h"
#include "program/random_inputs.h"
#include "program/reference.h"

namespace pare::engine {
namespace {

using lower::Interface;
using program::Codes;

/// Raw samples of all magnitudes, near the edges between codes, and what is no number.
std::vector<float> raw_samples(const Interface& interface, std::size_t num_samples,
                               std::uint64_t seed) {
  program::RandomNumbers random(seed);
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  std::vector<float> raw;
  for (std::size_t i = 0; i < num_samples * size; ++i) {
    const auto& map = interface.input;
    const std::size_t channel = i % size;
    const auto& codec = map.codec.size() == 1 ? map.codec[0] : map.codec[channel];
    const double mean = map.mean.empty() ? 0 : map.mean[channel];
    const double scale = map.scale.empty() ? 1 : map.scale[channel];
    const double half_codes =
        static_cast<double>(random.in(2 * map.codes.lowest - 9, 2 * map.codes.highest + 9));
    const double at_edge = half_codes / 2 * static_cast<double>(codec.step()) * scale + mean;
    float value = static_cast<float>(at_edge);
    switch (random.in(0, 39)) {
      case 0:
        value = std::numeric_limits<float>::quiet_NaN();
        break;
      case 1:
        value = std::numeric_limits<float>::infinity() * (random.one_in(2) ? 1.0F : -1.0F);
        break;
      case 2:
        value = static_cast<float>(
            std::ldexp(random.in(-9, 9), static_cast<int>(random.in(-150, 127))));
        break;
      case 3:
        value = random.one_in(2) ? 0.0F : -0.0F;
        break;
      case 4:
        value = std::nextafter(value, 1e30F);
        break;
      case 5:
        value = std::nextafter(value, -1e30F);
        break;
      default:
        break;
    }
    raw.push_back(value);
  }
  return raw;
}

/// An interface with another input map, and a program whose input has the codes' width.
model::Deployment with_input(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  const std::int64_t size = random.in(1, 40);
  const std::int64_t num_outputs = random.in(1, 9);
  model::Deployment deployment{.program = model::random_mlp({size, 7, num_outputs}, seed)};
  const bool is_signed = random.one_in(2);
  const int bits = static_cast<int>(random.in(1, 16));
  deployment.program.buffers[0].width = {bits, is_signed};
  Interface& interface = deployment.interface;
  interface.input_shape = {size};
  interface.output_shape = {num_outputs};
  const auto channels = static_cast<std::size_t>(size);
  lower::InputMap& map = interface.input;
  if (random.one_in(2)) {
    for (std::size_t i = 0; i < channels; ++i) {
      map.mean.push_back(static_cast<double>(random.in(-9999, 9999)) / 777);
    }
  }
  if (random.one_in(2)) {
    for (std::size_t i = 0; i < channels; ++i) {
      map.scale.push_back(static_cast<double>(random.in(1, 9999)) / 777);
    }
  }
  const program::Interval range = deployment.program.buffers[0].width.range();
  map.codes = {range.lowest, range.highest, std::max<std::int64_t>(range.highest, 1)};
  const std::size_t num_codecs = random.one_in(2) ? 1 : channels;
  for (std::size_t i = 0; i < num_codecs; ++i) {
    if (random.one_in(3)) {
      map.codec.push_back({std::ldexp(1.0F, static_cast<int>(random.in(-8, 8))), 1});
    } else {
      map.codec.push_back(
          {static_cast<float>(map.codes.top), static_cast<float>(random.in(1, 9999)) / 333});
    }
  }
  map.zero_point =
      random.one_in(2) ? 0 : static_cast<float>(random.in(range.lowest, range.highest));
  map.rounding =
      random.one_in(2) ? graph::Rounding::kHalfEven : static_cast<graph::Rounding>(random.in(0, 7));
  // Widths that hold whatever 16 bits give.
  for (program::Buffer& buffer : std::span(deployment.program.buffers).subspan(1)) {
    if (buffer.width.bits > 8) buffer.width = {32, true};
  }
  for (program::Node& node : deployment.program.sections[0].nodes) {
    if (auto* linear = std::get_if<program::Linear>(&node.op)) linear->accumulator = {32, true};
  }
  return deployment;
}

/// The codes that the reference makes of raw samples.
std::vector<std::int32_t> expected_codes(const model::Deployment& deployment,
                                         const std::vector<float>& raw) {
  const auto size = static_cast<std::size_t>(num_elements(deployment.interface.input_shape));
  std::vector<std::int32_t> expected;
  for (std::size_t first = 0; first < raw.size(); first += size) {
    Codes codes(size);
    lower::map_input(deployment.interface, std::span(raw).subspan(first, size), codes);
    const program::Outputs outputs = program::run_reference(deployment.program, {{codes}});
    for (const std::int64_t code : outputs.outputs[0]) {
      expected.push_back(static_cast<std::int32_t>(code));
    }
  }
  return expected;
}

class FromRaw : public testing::TestWithParam<InstructionSet> {};

TEST_P(FromRaw, EqualsMapInputAndTheReference) {
  constexpr std::uint64_t kNumPrograms = 2000;
  std::size_t num_samples = 0;
  std::size_t num_by_reciprocal = 0;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    const model::Deployment deployment = with_input(seed);
    const Engine engine(deployment.program, deployment.interface, {.instruction_set = GetParam()});
    const std::optional<InputMapper>& mapper = engine.input_mapper();
    num_by_reciprocal += mapper && !mapper->reciprocal.empty() ? 1 : 0;
    Session session(engine, {.num_threads = 1 + seed % 2});
    const std::size_t several = seed % 97 == 0 ? 300 : 2 + seed % 70;
    for (const std::size_t batch : {std::size_t{1}, several}) {
      const std::vector<float> raw = raw_samples(deployment.interface, batch, seed);
      const std::int64_t num_outputs = deployment.interface.output_shape[0];
      std::vector<std::int32_t> codes(batch * static_cast<std::size_t>(num_outputs), -77);
      ASSERT_EQ(session.run(raw, codes), Status::kOk);
      ASSERT_EQ(codes, expected_codes(deployment, raw));
      num_samples += batch;
    }
  }
  EXPECT_GE(num_samples, 30 * kNumPrograms);
  EXPECT_GE(num_by_reciprocal, kNumPrograms / 50);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, FromRaw, testing::ValuesIn(instruction_sets()),
                         case_name);

TEST(Session, RunsInSeveralThreadsAtOnce) {
  const model::Deployment deployment = model::random_deployment({16, 64, 32, 32, 5}, 1, 3);
  const Engine engine(deployment.program, deployment.interface);
  const std::vector<float> raw = raw_samples(deployment.interface, 500, 1);
  const std::vector<std::int32_t> expected = expected_codes(deployment, raw);
  std::vector<std::vector<std::int32_t>> codes(4, std::vector<std::int32_t>(expected.size()));
  std::vector<std::thread> threads;
  for (std::vector<std::int32_t>& to : codes) {
    threads.emplace_back([&engine, &raw, &to] {
      Session session(engine, {.num_threads = 2});
      for (int i = 0; i < 20; ++i) session.run(raw, to);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<std::int32_t>& to : codes) EXPECT_EQ(to, expected);
}

TEST(Session, SaysWhatIsWrong) {
  const model::Deployment deployment = model::random_deployment({4, 3, 2}, 1, 3);
  const Engine engine(deployment.program, deployment.interface);
  Session session(engine);
  std::vector<float> raw(8);
  std::vector<std::int32_t> codes(4);
  EXPECT_EQ(session.run(raw, codes), Status::kOk);
  EXPECT_EQ(session.run(std::span(raw).first(7), codes), Status::kWrongSize);
  EXPECT_EQ(session.run(raw, std::span(codes).first(2)), Status::kWrongSize);

  Codes x(4, 127);
  Codes y(2);
  const std::span<const std::int64_t> inputs[] = {x};
  const std::span<std::int64_t> outputs[] = {y};
  EXPECT_EQ(session.run(1, inputs, {}, outputs), Status::kOk);
  EXPECT_EQ(session.run(2, inputs, {}, outputs), Status::kWrongSize);
  EXPECT_EQ(session.run(1, {}, {}, outputs), Status::kWrongSize);
  const std::int64_t steps[] = {1};
  EXPECT_EQ(session.run(1, inputs, steps, outputs), Status::kWrongTripCount);
  x[3] = 128;
  EXPECT_EQ(session.run(1, inputs, {}, outputs), Status::kCodeOutOfRange);

  const Engine without_ends(deployment.program);
  EXPECT_EQ(Session(without_ends).run(raw, codes), Status::kNoInterface);
  EXPECT_THROW(Session(engine, {.num_threads = 0}), InputError);
  EXPECT_THROW(Session(engine, {.max_trip_counts = {1}}), InputError);
}

TEST(Session, RunsNothing) {
  const model::Deployment deployment = model::random_deployment({4, 3, 2}, 1, 3);
  const Engine engine(deployment.program, deployment.interface);
  for (const std::size_t num_threads : {std::size_t{1}, std::size_t{3}}) {
    Session session(engine, {.num_threads = num_threads});
    EXPECT_EQ(session.run(std::span<const float>(), {}), Status::kOk);
  }
}

TEST(Session, NeedsLittleMoreMemoryThanWeightsAndActivations) {
  const model::Deployment deployment = model::random_deployment({16, 64, 32, 32, 5}, 1, 3);
  const Engine engine(deployment.program, deployment.interface);
  const Session session(engine);
  const Memory memory = session.memory();
  const std::size_t weights = 16 * 64 + 64 * 32 + 32 * 32 + 32 * 5;  // one byte each
  // Of a batch: what a layer reads and writes, at the widest place 64 codes and 32 (or 16).
  EXPECT_EQ(memory.activations, session.chunk() * (64 + 32));
  EXPECT_LE(static_cast<double>(memory.arena + memory.weights),
            1.2 * static_cast<double>(weights + memory.activations));
}

TEST(Engine, RefusesWhatDoesNotFit) {
  const model::Deployment deployment = model::random_deployment({4, 3, 2}, 1, 3);
  Interface interface = deployment.interface;
  interface.output_shape = {3};
  EXPECT_THROW(Engine(deployment.program, interface), InputError);
  program::Program program = deployment.program;
  program.buffers[0].width = {40, true};
  EXPECT_THROW(Engine{program}, InputError);
}

}  // namespace
}  // namespace pare::engine
