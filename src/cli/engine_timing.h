#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "model/deployment.h"

namespace pare::cli {

struct TimingOptions {
  std::size_t num_threads = 1;
  double seconds = 0.2;  ///< of each measurement
  /// Raw samples [N, …] to run on; none: random ones.
  std::optional<Tensor> samples = std::nullopt;
};

/// Times of calls of one batch size, from raw float32 samples to output codes.
struct BatchTiming {
  std::size_t batch = 1;
  double median_ns = 0;  ///< a sample
  double p99_ns = 0;     ///< a sample
  double samples_per_second() const { return 1e9 / median_ns; }
};

/// A layer: a linear op or convolution and what follows it up to the next one. Its time is what the
/// program up to its end takes longer than up to its beginning, so that noise can make it negative.
struct LayerTiming {
  std::string layer;
  double sample_ns = 0;  ///< of one sample alone
};

/// A step of a program with loops, which cannot be cut: its time is between two looks at the clock,
/// all times that it runs for a sample together.
struct StepTiming {
  std::string layer;  ///< what it writes
  std::string_view kernel;
  double sample_ns = 0;                             ///< mean
  std::optional<double> spike_rate = std::nullopt;  ///< of a neuron in a step, if it writes spikes
};

struct EngineTiming {
  std::string instruction_set;
  double build_ms = 0;
  std::size_t weight_bytes = 0;
  std::size_t arena_bytes = 0;
  std::vector<BatchTiming> batches;  ///< 1, 64, 4096 samples
  std::vector<LayerTiming> layers;   ///< of a program without loops
  std::vector<StepTiming> steps;     ///< of one with loops
};

/// Runs a program on samples, or on random ones (the standard normal distribution, through the
/// inverse of the standardisation). Throws InputError if it takes its input step by step, if its
/// outputs have more than 32 bits, or if the samples are not its inputs.
EngineTiming time_engine(const model::Deployment& deployment, const TimingOptions& options);

}  // namespace pare::cli
