// The engine on the jets MLP, dense and pruned, from raw float32 samples to final codes.
//
//   engine_bench [--json] [--rounds N] [--instruction-set NAME]
//
// One thread. What is measured takes turns, so that all of it sees the same machine; medians are
// printed. The fraction of the peak counts the products of the program (16-bit inputs count as
// one), of a whole run: mapping of inputs, requantizing and storing included.

#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/session.h"
#include "engine_network.h"
#include "engine_peak.h"

namespace {

using pare::engine::Engine;
using pare::engine::Session;

constexpr std::size_t kBatch = 4096;
constexpr double kProducts = 16 * 64 + 64 * 32 + 32 * 32 + 32 * 5;

template <class F>
double nanoseconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// An engine for a network with some zeros, and its times.
class Candidate {
 public:
  Candidate(std::string name, double zeros, const pare::engine::Options& options)
      : name_(std::move(name)),
        network_(pare::bench::jets_mlp(zeros)),
        engine_(network_.program, network_.interface, options),
        session_(engine_),
        raw_(kBatch * 16),
        codes_(kBatch * 5) {
    pare::program::RandomNumbers random(2);
    for (float& value : raw_) value = static_cast<float>(random.in(-40000, 40000)) / 10000.0F;
    load_ns_ = nanoseconds([&] { Engine(network_.program, network_.interface, options); });
  }

  void run() {
    batch_ns_.push_back(nanoseconds([&] { session_.run(raw_, codes_); }) / kBatch);
    constexpr std::size_t kCalls = 512;
    one_ns_.push_back(nanoseconds([&] {
                        for (std::size_t i = 0; i < kCalls; ++i) {
                          session_.run(std::span(raw_).subspan(16 * i, 16),
                                       std::span(codes_).subspan(5 * i, 5));
                        }
                      }) /
                      kCalls);
  }

  const std::string& name() const { return name_; }
  double one_ns() const { return median(one_ns_); }
  double batch_ns() const { return median(batch_ns_); }
  double load_ms() const { return load_ns_ / 1e6; }
  std::string kernels() const {
    std::string names;
    for (const auto& section : engine_.plan(pare::engine::PlanKind::kBatch).sections) {
      for (const auto& step : section.steps) {
        names += (names.empty() ? "" : " ") + std::string(name_of(kind_of(step)));
      }
    }
    return names;
  }

 private:
  std::string name_;
  pare::bench::Network network_;
  Engine engine_;
  Session session_;
  std::vector<float> raw_;
  std::vector<std::int32_t> codes_;
  double load_ns_ = 0;
  std::vector<double> one_ns_;
  std::vector<double> batch_ns_;
};

pare::engine::Options options_for(const std::string& name) {
  for (const auto set : pare::engine::instruction_sets()) {
    if (name_of(set) == name) return {.instruction_set = set};
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The engine on the jets MLP");
  bool is_json = false;
  int rounds = 300;
  std::string set;
  app.add_flag("--json", is_json, "One JSON object");
  app.add_option("--rounds", rounds, "Runs of each")->check(CLI::Range(1, 1000000));
  app.add_option("--instruction-set", set, "portable, neon, avx2 or avx512-vnni");
  CLI11_PARSE(app, argc, argv);
  const pare::engine::Options options = options_for(set);
  Candidate dense("dense", 0, options);
  Candidate pruned("80 % pruned", 0.8, options);
  for (int i = 0; i < rounds; ++i) {
    dense.run();
    pruned.run();
  }
  const double peak = pare::bench::peak_gops();
  const double fraction = peak == 0 ? 0 : 2 * kProducts / dense.batch_ns() / peak;
  if (is_json) {
    nlohmann::json json = {{"bench", "engine"}, {"peak_gops", peak}, {"dense_of_peak", fraction}};
    for (const Candidate* candidate : {&dense, &pruned}) {
      json[candidate->name()] = {{"batch_1_ns", candidate->one_ns()},
                                 {"batch_4096_ns_a_sample", candidate->batch_ns()},
                                 {"load_ms", candidate->load_ms()},
                                 {"kernels", candidate->kernels()}};
    }
    fmt::print("{}\n", json.dump());
    return 0;
  }
  fmt::print("jets MLP 16-64-32-32-5, float32 in, codes out, 1 thread, median of {} runs\n",
             rounds);
  for (const Candidate* candidate : {&dense, &pruned}) {
    fmt::print(
        "  {:12} one sample {:7.1f} ns   batch of {} {:6.2f} ns a sample   load {:.2f} ms   {}\n",
        candidate->name(), candidate->one_ns(), kBatch, candidate->batch_ns(), candidate->load_ms(),
        candidate->kernels());
  }
  fmt::print("  dense / pruned {:.2f}; 8-bit peak {:.0f} GOP/s, of which dense reaches {:.0f} %\n",
             dense.batch_ns() / pruned.batch_ns(), peak, 100 * fraction);
  return 0;
}
