// Emitted C, compiled and run, is equal to the reference in every code.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "emitted_c/batch.h"
#include "program/check.h"
#include "program/random_inputs.h"
#include "sanitized.h"

namespace pare::emitted_c {
namespace {

using emit::c::Style;

struct Setting {
  const char* compiler;
  const char* flags;
  int num_programs;  ///< one translation unit; of a sanitized build's tests, a tenth
};

int num_programs_of(const Setting& setting) { return (setting.num_programs + kShare - 1) / kShare; }

// -O0 compiles fastest, so that most programs go there.
constexpr Setting kTableSettings[] = {
    {"gcc", "-O0", 120},
    {"clang", "-O0", 100},
    {"gcc", "-O0 -fsanitize=undefined -fno-sanitize-recover", 30},
    {"clang", "-O1 -fsanitize=undefined -fno-sanitize-recover", 15},
    {"gcc", "-O2", 25},
    {"clang", "-O2", 15},
    {"gcc", "-O3", 10},
};
constexpr Setting kUnrolledSettings[] = {
    {"gcc", "-O0", 160},
    {"clang", "-O0", 110},
    {"gcc", "-O0 -fsanitize=undefined -fno-sanitize-recover", 12},
    {"clang", "-O1 -fsanitize=undefined -fno-sanitize-recover", 8},
    {"gcc", "-O2", 8},
    {"clang", "-O2", 8},
    {"gcc", "-O3", 4},
};

std::optional<std::string> find_compiler(const std::string& name) {
  return find_tool(name == "clang" ? std::vector<std::string>{"clang-14", "clang"}
                                   : std::vector<std::string>{name});
}

void expect_equal_with(Style style, std::uint64_t first_seed, std::span<const Setting> settings) {
  std::int64_t num_programs = 0;
  std::int64_t num_vectors = 0;
  std::int64_t num_codes = 0;
  for (const Setting& setting : settings) {
    const std::string wanted = setting.compiler;
    const auto compiler = find_compiler(wanted);
    if (!compiler) return skip_without(wanted);
    const Batch batch =
        random_batch({.first_seed = first_seed + static_cast<std::uint64_t>(num_programs),
                      .count = num_programs_of(setting),
                      .style = style});
    expect_equal(batch, *compiler + " " + kWarnings + " " + setting.flags);
    num_programs += static_cast<std::int64_t>(batch.programs.size());
    num_vectors += batch.num_vectors;
    num_codes += batch.num_codes;
  }
  EXPECT_GE(num_programs, 300 / kShare);
  EXPECT_EQ(num_vectors, 6 * num_programs);
  EXPECT_GE(num_codes, 200'000 / kShare);
}

TEST(EmittedC, TablesAreEqualToTheReference) {
  expect_equal_with(Style::kTable, 1, kTableSettings);
}

/// How often a text stands in the sources.
int count_of(const Batch& batch, const std::string& text) {
  int count = 0;
  for (const emit::c::Files& files : batch.programs) {
    const std::string& source = files.source.text;
    for (std::size_t at = source.find(text); at != std::string::npos;
         at = source.find(text, at + 1)) {
      ++count;
    }
  }
  return count;
}

TEST(EmittedC, TablesOfSpikingNetsAreEqualToTheReference) {
  constexpr Setting kSettings[] = {{"gcc", "-O0 -fsanitize=undefined -fno-sanitize-recover", 40},
                                   {"clang", "-O1 -fsanitize=address", 20},
                                   {"gcc", "-O2", 25},
                                   {"clang", "-O2", 20},
                                   {"gcc", "-O3", 15}};
  std::uint64_t seed = 5000;
  int num_packed = 0;
  int num_others = 0;
  for (const Setting& setting : kSettings) {
    const std::string wanted = setting.compiler;
    const auto compiler = find_compiler(wanted);
    if (!compiler) return skip_without(wanted);
    const Batch batch =
        random_batch({.first_seed = seed, .count = num_programs_of(setting), .are_spiking = true});
    expect_equal(batch, *compiler + " " + kWarnings + " " + setting.flags);
    seed += static_cast<std::uint64_t>(setting.num_programs);
    num_packed += count_of(batch, "pare_lowest_spike(rest)");
    num_others += count_of(batch, "== 0) continue; /* no spike */");
  }
  EXPECT_GE(num_packed, 40 / kShare);
  EXPECT_GE(num_others, 40 / kShare);
}

/// More channels than a word has bits, and more outputs than sums are made of at once.
program::Program wide_layers() {
  program::Program program;
  program.name = "wide";
  program::RandomNumbers random(1);
  const auto add_weight = [&](const char* name, Shape shape) {
    program::Constant weight{.name = name, .width = {6, true}, .shape = std::move(shape)};
    weight.values.resize(static_cast<std::size_t>(num_elements(weight.shape)));
    for (std::int64_t& value : weight.values) value = random.in(-31, 31);
    program.constants.push_back(std::move(weight));
  };
  add_weight("conv", {300, 70, 3});
  add_weight("linear", {129, 70});
  program.buffers = {{.name = "x", .width = {1, false}, .shape = {70, 9}},
                     {.name = "y", .width = {14, true}, .shape = {300, 5}},
                     {.name = "a", .width = {1, false}, .shape = {2, 70}},
                     {.name = "b", .width = {13, true}, .shape = {2, 129}}};
  program::Conv conv;
  conv.weight = {0};
  conv.stride = {2};
  conv.padding = {1, 1};
  conv.dilation = {1};
  conv.accumulator = {14, true};
  program::Linear linear;
  linear.weight = {1};
  linear.accumulator = {13, true};
  program.inputs = {{0}, {2}};
  program.outputs = {{1}, {3}};
  program.sections.push_back({.nodes = {{conv, {{0}}, {{1}}}, {linear, {{2}}, {{3}}}}});
  program::check(program);
  return program;
}

TEST(EmittedC, TablesOfWideSpikingLayersAreEqualToTheReference) {
  if (!find_tool({"gcc"})) return skip_without("gcc");
  Batch batch;
  add_program(batch, wide_layers(), 1, {.name = "wide"});
  EXPECT_EQ(count_of(batch, "first += 128"), 2);
  EXPECT_EQ(count_of(batch, "word < 3"), 1);
  expect_equal(batch, "gcc " + kWarnings + " -O1 -fsanitize=address,undefined");
}

TEST(EmittedC, UnrolledCodeIsEqualToTheReference) {
  expect_equal_with(Style::kUnrolled, 1001, kUnrolledSettings);
}

}  // namespace
}  // namespace pare::emitted_c
