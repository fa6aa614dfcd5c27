// A layer that reads spikes: adding the weights of each spike against multiplying all inputs, at
// rates of spikes from few to all (docs/benchmarks.md). One thread, both in turn.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "engine/kernels.h"
#include "engine/spike_sums.h"
#include "engine/spikes.h"
#include "program/random_inputs.h"

namespace pare::bench {
namespace {

using engine::KernelKind;

constexpr int kRounds = 61;
constexpr int kCalls = 20;

/// The third layer of the network for hyperspectral patches: 3 x 3 x 3, of 40 channels 84.
struct Layer {
  int bits;
  std::vector<std::int64_t> weight;
  engine::SpikeConv conv;

  explicit Layer(int of_bits) : bits(of_bits) {
    const std::int64_t most = (std::int64_t{1} << (bits - 1)) - 1;
    program::RandomNumbers random(1);
    conv.num_channels = 40;
    conv.num_outputs = 84;
    conv.window.axes = {graph::Window::Axis{.input = 101, .kernel = 3, .before = 1, .output = 101},
                        graph::Window::Axis{.input = 3, .kernel = 3},
                        graph::Window::Axis{.input = 3, .kernel = 3}};
    for (std::size_t i = 0; i < conv.num_outputs * conv.num_channels * conv.window.num_taps();
         ++i) {
      weight.push_back(random.in(-most, most));
    }
    conv.weight = weight;
    conv.sums = {-32000, 32000};  // what random weights are far from
  }
};

/// One way to run it, on bits of a rate.
class Run {
 public:
  Run(const Layer& layer, engine::InstructionSet set, KernelKind kind) : set_(set) {
    auto sums = engine::make_spike_sums(layer.conv, {1, 2, 0}, set, kind);
    op_.sums = std::make_shared<const engine::SpikeSums>(std::move(sums).value());
    op_.kind = engine::SpikeKind::kSums;
    op_.y = {.num_channels = layer.conv.num_outputs, .size = {101, 1, 1}};
    bits_.resize(engine::spike_bytes(op_.sums->num_bits()));
    room_.resize(engine::SpikeRoom(op_, nullptr).bytes);
    y_.resize(op_.y.num_elements());
  }

  void set_rate(double rate) {
    program::RandomNumbers random(2);
    std::fill(bits_.begin(), bits_.end(), std::byte{});
    const std::size_t num_bits = op_.sums->num_bits();
    for (std::size_t i = 0; i < num_bits; ++i) {
      if (static_cast<double>(random.in(0, 999999)) >= 1e6 * rate) continue;
      bits_[engine::kSpikeHeader + i / 8] |= std::byte{1} << (i % 8);
    }
  }

  const std::vector<std::int32_t>& sums() const { return y_; }

  double microseconds() {
    const engine::View x{.data = bits_.data()};
    const engine::View y{.data = reinterpret_cast<std::byte*>(y_.data()),
                         .size = y_.size(),
                         .element = engine::Element::kI32};
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) {
      engine::kernels_of(set_).spikes(
          {.op = op_, .x = x, .membranes = engine::View{}, .y = y, .room = room_.data()});
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return 1e6 * seconds.count() / kCalls;
  }

 private:
  engine::InstructionSet set_;
  engine::SpikeOp op_;
  engine::AlignedVector<std::byte> bits_;
  engine::AlignedVector<std::byte> room_;
  std::vector<std::int32_t> y_;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + kRounds / 2, values.end());
  return values[kRounds / 2];
}

void compare(const Layer& layer, engine::InstructionSet set) {
  Run events(layer, set, KernelKind::kSpikes);
  Run dense(layer, set, KernelKind::kDenseBytes);
  fmt::print("\n{}, {} bits, median of {} rounds in turn, us a step\n\n{:>8} {:>8} {:>8} {:>14}\n",
             engine::name_of(set), layer.bits, kRounds, "spikes %", "events", "dense",
             "dense / events");
  for (const double rate : {0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0}) {
    events.set_rate(rate);
    dense.set_rate(rate);
    std::vector<double> of_events;
    std::vector<double> of_dense;
    for (int i = 0; i < kRounds; ++i) {
      of_events.push_back(events.microseconds());
      of_dense.push_back(dense.microseconds());
    }
    check(events.sums() == dense.sums(), "both ways give the same sums");
    fmt::print("{:>8.0f} {:>8.1f} {:>8.1f} {:>14.2f}\n", 100 * rate, median(of_events),
               median(of_dense), median(of_dense) / median(of_events));
  }
}

}  // namespace
}  // namespace pare::bench

int main(int argc, char** argv) {
  CLI::App app("The sums of a spiking layer: adding what spiked against multiplying everything");
  std::string only;
  app.add_option("--instruction-set", only,
                 "portable, neon, avx2 or avx512-vnni (default: all that this machine has)");
  CLI11_PARSE(app, argc, argv);
  for (const auto set : pare::engine::instruction_sets()) {
    if (!only.empty() && name_of(set) != only) continue;
    for (const int bits : {6, 8}) pare::bench::compare(pare::bench::Layer(bits), set);
  }
  return 0;
}
