// The time of one sample in emitted C, from raw floats to the decision: the jets network
// (16-64-32-32-5 with batch norm, 6-bit weights and activations, 16-bit input), dense and with
// 80 % of its weights pruned, in both styles, by several compilers and flags. The weights are
// random: the code has no branches that depend on data.

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "emit/c/emit.h"
#include "lower/lower.h"
#include "rewrite/mlp.h"
#include "rewrite/prune.h"
#include "rewrite/quantize.h"

namespace {

using namespace pare;

// Samples one after the other, other numbers each time; the median of many rounds.
constexpr const char* kDriver = R"(#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "jets.h"
#define SAMPLES 2048
#define ROUNDS 201
static float raw[SAMPLES][16];
static double times[ROUNDS];
static int compare(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}
int main(void) {
  static struct jets_memory memory;
  unsigned state = 1;
  size_t sum = 0;
  for (int i = 0; i < SAMPLES; ++i) {
    for (int j = 0; j < 16; ++j) {
      state = state * 1664525U + 1013904223U;
      raw[i][j] = (float)(state >> 8) / 2097152.0F - 4.0F;
    }
  }
  for (int r = 0; r < ROUNDS; ++r) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < SAMPLES; ++i) {
      INPUT codes[16];
      OUTPUT sums[5];
      jets_map_input_f32(raw[i], codes);
      jets_run(&memory, codes, sums);
      sum += jets_argmax(sums);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    times[r] = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / SAMPLES;
  }
  qsort(times, ROUNDS, sizeof times[0], compare);
  printf("%7.1f ns (fastest %.1f) %lu\n", times[ROUNDS / 2], times[0], (unsigned long)sum);
  return 0;
}
)";

lower::Lowered jets(double pruned) {
  graph::Graph graph = rewrite::mlp({}, {16}, {"g", "q", "w", "z", "t"}, 1);
  if (pruned > 0)
    graph = rewrite::prune(graph, {.scope = recipe::PruneScope::kLayer, .fractions = {pruned}});
  graph = rewrite::quantize(graph, {}, 4);
  graph.inputs.front().mean.assign(16, 0.1);
  graph.inputs.front().scale.assign(16, 1.7);
  return lower::lower(graph);
}

std::string integer(program::Width width) {
  return fmt::format("{}int{}_t", width.is_signed ? "" : "u",
                     width.bits <= 8 ? 8 : (width.bits <= 16 ? 16 : 32));
}

void time_one(const lower::Lowered& lowered, emit::c::Style style, const std::string& compiler) {
  const TemporaryFolder folder;
  const emit::c::Files files =
      emit::c::emit(lowered.program, &lowered.interface, {}, {.name = "jets", .style = style});
  write_file_atomic(folder / files.header.name, files.header.text);
  write_file_atomic(folder / files.source.name, files.source.text);
  write_file_atomic(folder / "driver.c", kDriver);
  const auto type = [&](program::BufferId id) { return integer(lowered.program.buffer(id).width); };
  const std::string command = fmt::format(
      "cd {} && {} -std=c99 -DINPUT={} -DOUTPUT={} driver.c jets.c -o jets && ./jets",
      folder.path(), compiler, type(lowered.program.inputs[0]), type(lowered.program.outputs[0]));
  std::fflush(stdout);
  if (std::system(command.c_str()) != 0) std::printf("  failed\n");
}

}  // namespace

int main() {
  const char* const compilers[] = {
      "gcc -O2",
      "gcc -O3",
      "gcc -O3 -march=native",
      "gcc -O3 -march=native -fno-tree-slp-vectorize",
      "gcc -O2 -march=native -ftree-loop-vectorize",
      "clang-14 -O3 -march=native",
      "clang-14 -O3 -march=native -fno-slp-vectorize",
  };
  for (const double pruned : {0.8, 0.0}) {
    const lower::Lowered lowered = jets(pruned);
    for (const auto style : {emit::c::Style::kUnrolled, emit::c::Style::kTable}) {
      std::printf("%.0f %% pruned, %s\n", 100 * pruned,
                  style == emit::c::Style::kTable ? "table" : "unrolled");
      for (const char* compiler : compilers) {
        std::printf("  %-52s", compiler);
        time_one(lowered, style, compiler);
      }
    }
  }
}
