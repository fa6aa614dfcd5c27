#include "program/random_program.h"

#include <map>
#include <string_view>

#include <gtest/gtest.h>

#include "program/check.h"
#include "program/text.h"
#include "program/windows.h"

namespace pare::program {
namespace {

constexpr std::uint64_t kNumPrograms = 2000;

TEST(RandomProgram, StaysWithinItsWidthsAtBothRails) {
  int num_runs = 0;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    SCOPED_TRACE(seed);
    const Program program = random_program(seed);
    check(program);
    const auto all = intervals(program);
    for (const InputKind kind :
         {InputKind::kLowest, InputKind::kHighest, InputKind::kRails, InputKind::kAny}) {
      const auto outputs = run_reference(program, random_inputs(program, seed, kind),
                                         {.traps = true, .keeps_buffers = true});
      for (std::size_t b = 0; b < program.buffers.size(); ++b) {
        const std::size_t size = size_of(program, {static_cast<std::uint32_t>(b)});
        for (std::size_t i = 0; i < outputs.buffers[b].size(); ++i) {
          ASSERT_TRUE(interval_of(all.buffers[b], i % size).contains(outputs.buffers[b][i]))
              << program.buffers[b].name << " element " << i << ": " << outputs.buffers[b][i];
        }
      }
      ++num_runs;
    }
  }
  EXPECT_EQ(num_runs, 4 * kNumPrograms);
}

TEST(RandomProgram, SurvivesItsText) {
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    const Program program = random_program(seed);
    const std::string text = print(program);
    const Program again = parse(text, "random");
    ASSERT_EQ(again, program) << text;
    ASSERT_EQ(print(again), text);
    ASSERT_EQ(hash(again), hash(program));
  }
}

TEST(RandomProgram, StepsAsItRunsAtOnce) {
  int num_programs = 0;
  for (std::uint64_t seed = 0; seed < kNumPrograms; ++seed) {
    const Program program = random_program(seed);
    if (!has_step(program)) continue;
    ++num_programs;
    const Inputs inputs = random_inputs(program, seed, InputKind::kAny);
    const auto at_once = run_reference(program, inputs);
    std::vector<Codes> once;
    std::vector<Codes> each;
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
      (program.buffer(program.inputs[i]).each ? each : once).push_back(inputs.buffers[i]);
    }
    ReferenceStepper stepper(program, once, {.traps = true});
    std::vector<Codes> collected;
    for (std::int64_t t = 0; t < inputs.trip_counts.front(); ++t) {
      std::vector<Codes> now;
      for (const Codes& codes : each) {
        const std::ptrdiff_t size =
            static_cast<std::ptrdiff_t>(codes.size()) / inputs.trip_counts.front();
        now.emplace_back(codes.begin() + t * size, codes.begin() + (t + 1) * size);
      }
      const auto outputs = stepper.step(now);
      collected.resize(outputs.size());
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        collected[i].insert(collected[i].end(), outputs[i].begin(), outputs[i].end());
      }
    }
    std::vector<Codes> at_end = stepper.finish();
    std::size_t next_each = 0;
    std::size_t next_once = 0;
    for (std::size_t i = 0; i < program.outputs.size(); ++i) {
      if (!program.buffer(program.outputs[i]).each) {
        ASSERT_EQ(at_end[next_once++], at_once.outputs[i]) << "seed " << seed;
      } else if (!collected.empty()) {
        ASSERT_EQ(collected[next_each++], at_once.outputs[i]) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(num_programs, 300);
}

TEST(RandomProgram, CoversEveryOpEncodingAndSection) {
  std::map<std::string_view, int> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const Program program = random_program(seed);
    for (const Section& section : program.sections) {
      if (section.kind == SectionKind::kForward) ++seen["forward"];
      if (section.kind == SectionKind::kBackward) ++seen["backward"];
      if (!section.states.empty()) ++seen["states"];
      for (const Node& node : section.nodes) {
        ++seen[kind_of(node.op)];
        if (const Conv* op = std::get_if<Conv>(&node.op)) {
          const graph::Window window = window_of(program, node, *op);
          if (op->groups > 1) ++seen["groups"];
          if (window.has_padding()) ++seen["padding"];
          if (program.constant(op->weight).shape.size() == 5) ++seen["three axes"];
        }
        if (const Linear* op = std::get_if<Linear>(&node.op)) {
          if (op->bias) ++seen["bias"];
          if (op->predicate_block) ++seen["predicate"];
          if (program.constant(op->weight).circulant) ++seen["circulant"];
        }
      }
    }
    for (const Constant& constant : program.constants) {
      ++seen[std::visit([](const auto& encoding) { return encoding.kind; }, constant.encoding)];
    }
  }
  for (const std::string_view what :
       {"forward",   "backward", "states",        "linear",  "requantize", "threshold", "clamp",
        "add",       "concat",   "copy",          "lookup",  "argmax",     "conv",      "max_pool",
        "sum_pool",  "maximum",  "groups",        "padding", "three axes", "bias",      "predicate",
        "circulant", "uniform",  "signed_digits", "ternary", "binary",     "transpose"}) {
    EXPECT_GT(seen[what], 20) << what;
  }
}

TEST(RandomProgram, IsTheSameForTheSameSeed) {
  EXPECT_EQ(hash(random_program(7)), hash(random_program(7)));
  EXPECT_NE(hash(random_program(7)), hash(random_program(8)));
}

}  // namespace
}  // namespace pare::program
