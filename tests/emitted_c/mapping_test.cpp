// The ends of emitted C, in floating point: bit for bit what lower/interface.h computes.

#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "emitted_c/batch.h"
#include "graph/quantize.h"
#include "lower/interface.h"
#include "program/check.h"
#include "program/random_inputs.h"
#include "sanitized.h"

namespace pare::emitted_c {
namespace {

constexpr std::int64_t kChannels = 4;
constexpr std::int64_t kInputs = 8;
constexpr std::size_t kSamples = 500;

/// One clamp that changes nothing: codes come out as they went in.
program::Program pass_through(program::Width width) {
  program::Program program;
  program.name = "ends";
  const auto x = add_buffer(program, {"x", width, {kChannels, 2}});
  const auto y = add_buffer(program, {"y", width, {kChannels, 2}});
  program.inputs = {x};
  program.outputs = {y};
  const program::Interval range = width.range();
  program.sections = {{.nodes = {{program::Clamp{range.lowest, range.highest}, {x}, {y}}}}};
  program::check(program);
  return program;
}

lower::Interface random_interface(std::uint64_t seed) {
  program::RandomNumbers random(seed);
  const auto real = [&] { return std::ldexp(static_cast<double>(random.in(-999, 999)), -8); };
  lower::Interface interface;
  interface.input_shape = interface.output_shape = {kChannels, 2};
  lower::InputMap& map = interface.input;
  for (std::int64_t c = 0; c < kChannels; ++c) {
    if (seed % 3 != 0) map.mean.push_back(real() / 3);
    if (seed % 4 != 0) map.scale.push_back(std::abs(real()) + 0.37);
  }
  const int bits = seed % 5 == 0 ? 30 : static_cast<int>(random.in(2, 16));
  map.codes = graph::uniform_codes(bits, seed % 2 == 0, seed % 4 == 1);
  const auto rule = seed % 2 == 0 ? graph::StepRule::kPow2 : graph::StepRule::kFloat;
  for (std::int64_t i = seed % 3 == 1 ? 1 : kChannels; i > 0; --i) {
    map.codec.push_back(graph::make_scale(static_cast<float>(std::abs(real()) + 0.1), map.codes.top,
                                          rule, graph::Pow2Choice::kNeverClip));
  }
  map.rounding =
      seed % 2 == 0 ? graph::Rounding::kHalfEven : static_cast<graph::Rounding>(random.in(0, 7));
  if (seed % 3 == 2) map.zero_point = static_cast<float>(random.in(0, map.codes.highest / 2));
  if (seed % 2 == 0) {
    interface.output = {.scale = {0.37}, .offset = {0}};
  } else {
    interface.output = {.scale = {}, .offset = {}};
    for (std::int64_t i = 0; i < kInputs; ++i) {
      interface.output.scale.push_back(real() / 7);
      interface.output.offset.push_back(real() / 11);
    }
  }
  return interface;
}

/// Numbers near the codes, ties among them, far away, and no numbers at all.
template <class Real>
std::vector<Real> raw_numbers(const lower::Interface& interface, std::uint64_t seed) {
  program::RandomNumbers random(seed);
  const graph::Scale codec = interface.input.codec.front();
  std::vector<Real> raw(kSamples * kInputs);
  for (Real& x : raw) {
    const double code = static_cast<double>(random.in(2 * interface.input.codes.lowest - 9,
                                                      2 * interface.input.codes.highest + 9)) /
                        2;
    x = static_cast<Real>(code * static_cast<double>(codec.divide) /
                          static_cast<double>(codec.multiply));
    if (random.one_in(4)) x = static_cast<Real>(std::ldexp(static_cast<double>(x), 1) + 1e-3);
    if (random.one_in(30)) x = std::numeric_limits<Real>::quiet_NaN();
    if (random.one_in(30)) x = std::numeric_limits<Real>::infinity();
    if (random.one_in(30)) x = -std::numeric_limits<Real>::infinity();
    if (random.one_in(30)) x = std::numeric_limits<Real>::max();
    if (random.one_in(30)) x = std::numeric_limits<Real>::denorm_min();
  }
  return raw;
}

/// Reads raw numbers, writes codes, values and the argmax as numbers of 8 bytes.
std::string driver(const char* code_type) {
  return fmt::format(R"(#include <stdio.h>
#include "ends.h"
#define SAMPLES {0}
#define SIZE {1}
static double raw[SAMPLES * SIZE];
static float raw_f32[SAMPLES * SIZE];
static {2} codes[SIZE];
static void put(double number) {{ fwrite(&number, sizeof number, 1, stdout); }}
static void finish(void) {{
  double values[SIZE];
  for (int i = 0; i < SIZE; ++i) put((double)codes[i]);
  ends_map_output(codes, values);
  for (int i = 0; i < SIZE; ++i) put(values[i]);
  put((double)ends_argmax(codes));
}}
int main(void) {{
  if (fread(raw, sizeof raw, 1, stdin) != 1) return 1;
  if (fread(raw_f32, sizeof raw_f32, 1, stdin) != 1) return 1;
  for (int i = 0; i < SAMPLES; ++i) {{
    ends_map_input(raw + i * SIZE, codes);
    finish();
  }}
  for (int i = 0; i < SAMPLES; ++i) {{
    ends_map_input_f32(raw_f32 + i * SIZE, codes);
    finish();
  }}
  return 0;
}}
)",
                     kSamples, kInputs, code_type);
}

template <class Real>
void expect(const lower::Interface& interface, const std::vector<Real>& raw,
            std::vector<double>& expected) {
  std::vector<std::int64_t> codes(kInputs);
  std::vector<double> values(kInputs);
  for (std::size_t i = 0; i < raw.size(); i += kInputs) {
    map_input(interface, std::span(raw).subspan(i, kInputs), codes);
    map_output(interface, codes, values);
    expected.insert(expected.end(), codes.begin(), codes.end());
    expected.insert(expected.end(), values.begin(), values.end());
    expected.push_back(static_cast<double>(std::ranges::max_element(values) - values.begin()));
  }
}

template <class T>
std::string_view bytes_of(const std::vector<T>& list) {
  return {reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T)};
}

void expect_equal_ends(std::uint64_t seed, const std::string& compiler) {
  const lower::Interface interface = random_interface(seed);
  const auto narrow = [&](program::Interval range) { return program::narrowest(range); };
  const program::Width width =
      narrow({interface.input.codes.lowest, interface.input.codes.highest});
  const emit::c::Files files = emit::c::emit(pass_through(width), &interface, {}, {});
  const TemporaryFolder folder;
  write_file_atomic(folder / files.header.name, files.header.text);
  write_file_atomic(folder / files.source.name, files.source.text);
  const int bits = width.bits <= 8 ? 8 : (width.bits <= 16 ? 16 : 32);
  write_file_atomic(folder / "main.c",
                    driver(fmt::format("{}int{}_t", width.is_signed ? "" : "u", bits).c_str()));
  const auto raw = raw_numbers<double>(interface, seed);
  const auto raw_f32 = raw_numbers<float>(interface, seed);
  write_file_atomic(folder / "raw", std::string(bytes_of(raw)) + std::string(bytes_of(raw_f32)));
  const Ran ran =
      run_shell(fmt::format("cd {} && {} {} main.c ends.c -o ends && ./ends < raw > codes",
                            folder.path(), compiler, kWarnings));
  ASSERT_EQ(ran.exit_code, 0) << compiler << "\n" << ran.output;
  std::vector<double> expected;
  expect(interface, raw, expected);
  expect(interface, raw_f32, expected);
  const std::string codes = read_text(folder / "codes");
  ASSERT_EQ(codes.size(), expected.size() * sizeof(double));
  std::vector<double> got(expected.size());
  std::memcpy(got.data(), codes.data(), codes.size());
  EXPECT_EQ(got, expected) << compiler << ", seed " << seed;
}

TEST(EmittedC, EndsAreThoseOfTheInterface) {
  if (!find_tool({"gcc"})) return skip_without("gcc");
  const auto clang = find_tool({"clang-14", "clang"});
  if (!clang) return skip_without("clang");
  const std::string compilers[] = {"gcc -O0", "gcc -O3 -march=native",
                                   *clang + " -O2 -march=native",
                                   "gcc -O2 -fsanitize=undefined -fno-sanitize-recover"};
  for (std::uint64_t seed = 1; seed <= 40 / kShare; ++seed) {
    expect_equal_ends(seed, compilers[seed % 4]);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pare::emitted_c
