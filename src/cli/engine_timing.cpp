#include "cli/engine_timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numbers>

#include <fmt/format.h>

#include "base/error.h"
#include "base/philox.h"
#include "engine/session.h"
#include "lower/remove_dead.h"

namespace pare::cli {
namespace {

using Clock = std::chrono::steady_clock;
using program::BufferId;
using program::Program;

constexpr std::size_t kLargestBatch = 4096;
/// Shorter spans of time are lost in the clock's own.
constexpr double kShortestSpan = 20e-6;
/// Batches that take longer are left out.
constexpr double kLongestCall = 2;
/// So many spans, but not for longer than so many times what was asked for.
constexpr std::size_t kFewestSpans = 20;
constexpr double kMostTime = 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Normal numbers by Box and Muller, as the interface takes them raw.
std::vector<float> random_samples(const lower::Interface& interface, std::size_t count) {
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const auto channels =
      static_cast<std::size_t>(interface.input_shape.empty() ? 1 : interface.input_shape.front());
  const Philox random(1, RandomStream::kSynthetic);
  std::vector<float> raw(size * count);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform(2 * i)));
    const double normal = radius * std::cos(2 * std::numbers::pi * random.uniform(2 * i + 1));
    const std::size_t channel = i % size / (size / channels);
    const double mean = interface.input.mean.empty() ? 0 : interface.input.mean[channel];
    const double scale = interface.input.scale.empty() ? 1 : interface.input.scale[channel];
    raw[i] = static_cast<float>(mean + scale * normal);
  }
  return raw;
}

/// As many samples as the largest batch takes: given ones again and again, or random ones.
std::vector<float> samples_of(const lower::Interface& interface, const TimingOptions& options) {
  if (!options.samples) return random_samples(interface, kLargestBatch);
  const auto size = static_cast<std::size_t>(num_elements(interface.input_shape));
  const auto given = options.samples->as<float>();
  if (given.empty() || given.size() % size != 0) {
    throw InputError(fmt::format("samples of shape {}, but the program takes {}",
                                 to_string(options.samples->shape()),
                                 to_string(interface.input_shape)));
  }
  std::vector<float> raw(size * kLargestBatch);
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = given[i % given.size()];
  return raw;
}

/// An engine and what it is run on.
class Timed {
 public:
  Timed(const Program& program, const lower::Interface& interface, const TimingOptions& options)
      : options_(options),
        engine_(program, interface),
        session_(engine_, {.num_threads = options.num_threads}),
        input_size_(static_cast<std::size_t>(num_elements(interface.input_shape))),
        output_size_(static_cast<std::size_t>(num_elements(interface.output_shape))),
        raw_(samples_of(interface, options)),
        codes_(output_size_ * kLargestBatch) {
    const engine::Status status = call(0, 1);
    if (status != engine::Status::kOk) {
      throw InputError(fmt::format("program '{}' cannot be timed from raw samples: {}",
                                   program.name, engine::describe(status)));
    }
  }

  const engine::Engine& engine() const { return engine_; }
  const engine::Session& session() const { return session_; }

  BatchTiming time(std::size_t batch) {
    std::size_t calls = 1;
    while (span_of(calls, batch) < kShortestSpan) calls *= 2;
    std::vector<double> spans;
    const auto start = Clock::now();
    const auto has_time = [&] {
      const double seconds = seconds_since(start);
      return spans.empty() || seconds < options_.seconds ||
             (spans.size() < kFewestSpans && seconds < kMostTime * options_.seconds);
    };
    while (has_time()) {
      const double span = span_of(calls, batch);
      spans.push_back(1e9 * span / static_cast<double>(calls * batch));
    }
    std::sort(spans.begin(), spans.end());
    return {batch, spans[spans.size() / 2], spans[spans.size() * 99 / 100]};
  }

  /// Times of all steps, over as many samples as there is time for.
  std::vector<StepTiming> time_steps() {
    std::map<const engine::Step*, std::size_t> rows;
    std::vector<StepTiming> timings;
    std::vector<double> spikes;
    std::vector<std::size_t> runs;
    auto last = Clock::now();
    const auto watch = [&](const engine::Step& step, const engine::View& output, std::int64_t t) {
      const auto now = Clock::now();
      const auto [at, is_new] = rows.emplace(&step, timings.size());
      if (is_new) {
        timings.push_back({step.name, engine::name_of(engine::kind_of(step))});
        spikes.push_back(0);
        runs.push_back(0);
      }
      timings[at->second].sample_ns += 1e9 * std::chrono::duration<double>(now - last).count();
      ++runs[at->second];
      if (const auto size = num_neurons(step)) {
        spikes[at->second] +=
            static_cast<double>(engine::num_spikes(output.at(t))) / static_cast<double>(*size);
      }
      last = Clock::now();
    };
    std::size_t samples = 0;
    for (const auto start = Clock::now(); seconds_since(start) < options_.seconds; ++samples) {
      last = Clock::now();
      session_.run_watched(
          std::span(raw_).subspan(samples % kLargestBatch * input_size_, input_size_),
          std::span(codes_).first(output_size_), watch);
    }
    for (const auto& [step, row] : rows) {
      timings[row].sample_ns /= static_cast<double>(samples);
      if (num_neurons(*step)) {
        timings[row].spike_rate = spikes[row] / static_cast<double>(runs[row]);
      }
    }
    return timings;
  }

 private:
  /// Of a step that writes spikes.
  static std::optional<std::size_t> num_neurons(const engine::Step& step) {
    const auto* spikes = std::get_if<engine::SpikeStep>(&step.work);
    if (spikes == nullptr || spikes->op.neurons == nullptr) return std::nullopt;
    return spikes->op.neurons->num_elements;
  }

  engine::Status call(std::size_t first, std::size_t batch) {
    return session_.run(std::span(raw_).subspan(first * input_size_, batch * input_size_),
                        std::span(codes_).first(batch * output_size_));
  }

  /// Seconds of so many calls, each on other samples where there are enough.
  double span_of(std::size_t calls, std::size_t batch) {
    std::size_t first = 0;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < calls; ++i) {
      call(first, batch);
      first = first + 2 * batch <= kLargestBatch ? first + batch : 0;
    }
    return seconds_since(start);
  }

  TimingOptions options_;
  engine::Engine engine_;
  engine::Session session_;
  std::size_t input_size_;
  std::size_t output_size_;
  std::vector<float> raw_;
  std::vector<std::int32_t> codes_;
};

/// Where a layer ends: in front of the next linear op or convolution, or with the program's last
/// op.
struct LayerEnd {
  std::string layer;
  BufferId buffer;
};

std::vector<LayerEnd> layer_ends(const Program& program) {
  std::vector<LayerEnd> ends;
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const BufferId output = node.outputs.front();
      if (std::holds_alternative<program::Linear>(node.op) ||
          std::holds_alternative<program::Conv>(node.op)) {
        ends.push_back({program.buffer(output).name, output});
      } else if (!ends.empty()) {
        ends.back().buffer = output;
      }
    }
  }
  return ends;
}

std::vector<LayerTiming> time_layers(const model::Deployment& deployment,
                                     const TimingOptions& options) {
  std::vector<LayerTiming> layers;
  double sample_before = 0;
  for (const LayerEnd& end : layer_ends(deployment.program)) {
    Program prefix = deployment.program;
    prefix.outputs = {end.buffer};
    lower::Interface interface = deployment.interface;
    interface.output_shape = prefix.buffer(end.buffer).shape;
    interface.output = {};
    Timed timed(lower::remove_dead(prefix), interface, options);
    const double sample = timed.time(1).median_ns;
    layers.push_back({end.layer, sample - sample_before});
    sample_before = sample;
  }
  return layers;
}

}  // namespace

EngineTiming time_engine(const model::Deployment& deployment, const TimingOptions& options) {
  if (deployment.program.trip_counts.size() != lower::trip_counts_of(deployment.interface).size()) {
    throw InputError(fmt::format("program '{}' takes its input step by step; it cannot be timed",
                                 deployment.program.name));
  }
  EngineTiming timing;
  const auto start = Clock::now();
  const engine::Engine engine(deployment.program, deployment.interface);
  timing.build_ms = 1e3 * seconds_since(start);
  Timed timed(deployment.program, deployment.interface, options);
  timing.instruction_set = engine::name_of(timed.engine().instruction_set());
  timing.weight_bytes = timed.session().memory().weights;
  timing.arena_bytes = timed.session().memory().arena;
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}, kLargestBatch}) {
    const double sample_ns = timing.batches.empty() ? 0 : timing.batches.back().median_ns;
    if (sample_ns * static_cast<double>(batch) > kLongestCall * 1e9) break;
    timing.batches.push_back(timed.time(batch));
  }
  if (deployment.program.trip_counts.empty()) {
    timing.layers = time_layers(deployment, options);
  } else {
    timing.steps = timed.time_steps();
  }
  return timing;
}

}  // namespace pare::cli
