// A convolution of spikes in emitted C: rows of weights added where something spiked, against the
// loops that multiply by 0 and 1, at rates of spikes from few to all (docs/export_c.md). Both in
// one program, in turn; one thread, by several compilers and flags.

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "emit/c/emit.h"
#include "program/check.h"
#include "program/random_inputs.h"

namespace {

using namespace pare;

constexpr const char* kDriver = R"(#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "spikes.h"
#include "codes.h"
#define INPUTS (40 * 101 * 3 * 3)
#define OUTPUTS (84 * 101)
#define ROUNDS 31
static uint8_t x[INPUTS];
static int16_t sums[2][OUTPUTS];
static struct spikes_memory spikes_memory;
static struct codes_memory codes_memory;
static int compare(const void *a, const void *b) {
  const double p = *(const double *)a;
  const double q = *(const double *)b;
  return (p > q) - (p < q);
}
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3;
}
int main(void) {
  static const int percents[] = {0, 5, 10, 15, 20, 30, 50, 80, 100};
  printf("  %% spikes   adds us  multiplies us  ratio\n");
  for (size_t r = 0; r < sizeof percents / sizeof percents[0]; ++r) {
    double adds[ROUNDS], multiplies[ROUNDS], ratios[ROUNDS];
    unsigned state = 1;
    for (size_t i = 0; i < INPUTS; ++i) {
      state = state * 1664525U + 1013904223U;
      x[i] = (state >> 8) % 100 < (unsigned)percents[r];
    }
    for (int k = 0; k < ROUNDS; ++k) {
      const double start = now();
      spikes_run(&spikes_memory, x, sums[0]);
      const double middle = now();
      codes_run(&codes_memory, x, sums[1]);
      adds[k] = middle - start;
      multiplies[k] = now() - middle;
      ratios[k] = multiplies[k] / adds[k];
    }
    if (memcmp(sums[0], sums[1], sizeof sums[0]) != 0) return 1;
    qsort(adds, ROUNDS, sizeof adds[0], compare);
    qsort(multiplies, ROUNDS, sizeof adds[0], compare);
    qsort(ratios, ROUNDS, sizeof adds[0], compare);
    printf("  %8d %9.1f %14.1f %6.1f\n", percents[r], adds[ROUNDS / 2], multiplies[ROUNDS / 2],
           ratios[ROUNDS / 2]);
  }
  return 0;
}
)";

/// The third layer of the network for hyperspectral patches: 3 x 3 x 3, of 40 channels 84, with
/// 6-bit weights. Its input has a width: one bit is spikes, two are numbers.
program::Program layer(int input_bits) {
  program::Program program;
  program.name = "layer";
  program::Constant weight{.name = "weight", .width = {6, true}, .shape = {84, 40, 3, 3, 3}};
  program::RandomNumbers random(1);
  weight.values.resize(static_cast<std::size_t>(num_elements(weight.shape)));
  for (std::int64_t& value : weight.values) value = random.in(-30, 30);
  program.constants.push_back(std::move(weight));
  program.buffers.push_back({.name = "x", .width = {input_bits, false}, .shape = {40, 101, 3, 3}});
  program.buffers.push_back({.name = "y", .width = {16, true}, .shape = {84, 101, 1, 1}});
  program::Conv conv;
  conv.weight = {0};
  conv.stride = {1, 1, 1};
  conv.dilation = {1, 1, 1};
  conv.padding = {1, 0, 0, 1, 0, 0};
  conv.accumulator = {20, true};
  program.inputs = {{0}};
  program.outputs = {{1}};
  program.sections.push_back({.nodes = {{conv, {{0}}, {{1}}}}});
  if (input_bits == 1) program::check(program);
  return program;
}

void write_layer(const TemporaryFolder& folder, const char* name, int input_bits) {
  const emit::c::Files files = emit::c::emit(layer(input_bits), nullptr, {}, {.name = name});
  write_file_atomic(folder / files.header.name, files.header.text);
  write_file_atomic(folder / files.source.name, files.source.text);
}

}  // namespace

int main() {
  const TemporaryFolder folder;
  write_layer(folder, "spikes", 1);
  write_layer(folder, "codes", 2);
  write_file_atomic(folder / "driver.c", kDriver);
  for (const char* compiler :
       {"gcc -O2", "gcc -O3", "gcc -O3 -march=native", "clang-14 -O3 -march=native"}) {
    std::printf("%s\n", compiler);
    std::fflush(stdout);
    const std::string command =
        fmt::format("cd {} && {} -std=c99 driver.c spikes.c codes.c -o layer && ./layer",
                    folder.path(), compiler);
    if (std::system(command.c_str()) != 0) {
      std::printf("  failed\n");
      return 1;
    }
  }
}
