// One sample, and batches, through a layer whose weights have few values: as bytes, and as numbers
// of the values in a codebook.
//
//   codebook_bench [--rounds N] [--inputs N...]
//
// One thread. The two take turns; medians are printed. A layer of N inputs and N outputs has N^2
// weights, so that larger ones find fewer of them in a core's caches.

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/session.h"
#include "program/random_inputs.h"

namespace {

using pare::engine::KernelKind;

constexpr std::size_t kBatch = 256;

/// Inputs of 8 bits, weights of these values, sums as outputs.
pare::program::Program square_layer(std::int64_t size, const std::vector<std::int64_t>& values) {
  pare::program::RandomNumbers random(1);
  pare::program::Program program;
  program.name = "layer";
  pare::program::Constant weight{.name = "weight", .width = {8, true}, .shape = {size, size}};
  for (std::int64_t i = 0; i < size * size; ++i) {
    const std::int64_t number = random.in(0, std::ssize(values) - 1);
    weight.values.push_back(values[static_cast<std::size_t>(number)]);
  }
  const auto w = add_constant(program, std::move(weight));
  const auto x = add_buffer(program, {.name = "x", .width = {8, false}, .shape = {size}});
  const auto sums = add_buffer(program, {.name = "sums", .width = {32, true}, .shape = {size}});
  program.inputs = {x};
  program.outputs = {sums};
  pare::program::Section section;
  section.nodes.push_back(
      {pare::program::Linear{.weight = w, .accumulator = {32, true}}, {x}, {sums}});
  program.sections = {std::move(section)};
  return program;
}

class Candidate {
 public:
  Candidate(const pare::program::Program& program, std::size_t size, KernelKind kernel)
      : engine_(program, {.preferred = kernel}),
        session_(engine_),
        inputs_(kBatch * size),
        outputs_(kBatch * size),
        size_(size) {
    pare::program::RandomNumbers random(2);
    for (std::int64_t& input : inputs_) input = random.in(0, 255);
  }

  void run() {
    one_us_.push_back(time(1, 8));
    batch_us_.push_back(time(kBatch, 1));
  }

  double one_us() { return median(one_us_); }
  double batch_us() { return median(batch_us_); }
  std::size_t weight_bytes() const { return engine_.weight_bytes(); }

 private:
  /// Microseconds of a run, of several.
  double time(std::size_t num_samples, int num_runs) {
    const std::array inputs = {std::span<const std::int64_t>(inputs_).first(num_samples * size_)};
    const std::array outputs = {std::span(outputs_).first(num_samples * size_)};
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < num_runs; ++i) {
      session_.run(num_samples, inputs, {}, outputs);
    }
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - start;
    return passed.count() / num_runs;
  }

  static double median(std::vector<double>& times) {
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  pare::engine::Engine engine_;
  pare::engine::Session session_;
  std::vector<std::int64_t> inputs_;
  std::vector<std::int64_t> outputs_;
  std::size_t size_;
  std::vector<double> one_us_;
  std::vector<double> batch_us_;
};

void compare(std::size_t size, int num_rounds) {
  struct Case {
    int bits;
    std::vector<std::int64_t> values;
  };
  const std::array<Case, 3> cases = {
      {{4, {-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}}, {2, {-1, 0, 1}}, {1, {-1, 1}}}};
  for (const auto& [bits, values] : cases) {
    const auto program = square_layer(static_cast<std::int64_t>(size), values);
    Candidate bytes(program, size, KernelKind::kDenseBytes);
    Candidate codebook(program, size, KernelKind::kCodebook);
    for (int i = 0; i < num_rounds; ++i) {
      bytes.run();
      codebook.run();
    }
    fmt::print("{:6} {:5} {:11} {:9} {:10.2f} {:9.2f} {:6.2f} {:11.1f} {:9.1f} {:6.2f}\n", size,
               bits, bytes.weight_bytes(), codebook.weight_bytes(), bytes.one_us(),
               codebook.one_us(), bytes.one_us() / codebook.one_us(), bytes.batch_us(),
               codebook.batch_us(), bytes.batch_us() / codebook.batch_us());
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Weights as bytes and as numbers of a codebook");
  int rounds = 60;
  std::vector<std::size_t> sizes = {64, 256, 512, 1024, 2048, 4096};
  app.add_option("--rounds", rounds, "Runs of each")->check(CLI::Range(1, 1000000));
  app.add_option("--inputs", sizes, "Inputs and outputs of the layer")->check(CLI::Range(4, 8192));
  CLI11_PARSE(app, argc, argv);
  fmt::print("{}, 1 thread, median of {} runs\n", name_of(pare::engine::instruction_sets().back()),
             rounds);
  fmt::print("                    weights, bytes          one sample, us       {} samples, us\n",
             kBatch);
  fmt::print(
      "inputs  bits       bytes  codebook      bytes  codebook  ratio       bytes  codebook"
      "  ratio\n");
  for (const std::size_t size : sizes) compare(size, rounds);
  return 0;
}
