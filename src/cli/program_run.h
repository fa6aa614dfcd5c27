#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/progress.h"
#include "data/samples.h"
#include "engine/engine.h"
#include "engine/session.h"
#include "model/deployment.h"

namespace pare::cli {

/// A frozen net that is asked batch by batch: raw numbers to codes, through the program by the
/// engine, to values.
class ProgramRunner {
 public:
  /// The deployment outlives it. Throws InputError if the interface does not say how many
  /// steps a loop of the program has: samples without a time axis cannot either.
  explicit ProgramRunner(const model::Deployment& deployment, std::size_t num_threads = 1);

  /// Elements of a sample, and of what is said of it.
  std::size_t sample_size() const { return sample_size_; }
  std::size_t width() const { return width_; }

  /// Raw samples [N, sample_size] to values [N, width], the softmax at the end applied where there
  /// is one. REQUIRES: as many samples in both.
  void run(std::span<const double> raw, std::span<double> values);

 private:
  const model::Deployment* deployment_;
  std::size_t sample_size_;
  std::size_t width_;
  std::vector<std::int64_t> trip_counts_;
  engine::Engine engine_;
  engine::Session session_;
};

/// What a frozen net says of raw samples: row-major [N, outputs], through the interface's maps, the
/// softmax at the end applied where there is one. `progress` may be empty. Throws InputError as
/// ProgramRunner does.
std::vector<double> run_program(const model::Deployment& deployment, const Tensor& raw,
                                const ProgressSink& progress);

}  // namespace pare::cli
