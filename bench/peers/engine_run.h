#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "deployed.h"
#include "engine/engine.h"
#include "engine/session.h"
#include "measure.h"

namespace pare::bench {

/// A network in pare's engine, one thread, batches of one size.
class EngineRun {
 public:
  EngineRun(const Deployed& deployed, std::int64_t batch);

  /// Throws InternalError if a code differs from `expected` (reference_codes of the samples).
  void check(std::span<const float> samples, std::span<const std::int64_t> expected);

  /// As a contender, each round on another batch of `samples`; both must outlive it.
  Contender contender(std::span<const float> samples);

 private:
  const Deployed& deployed_;
  std::size_t batch_elements_;  ///< floats of a batch
  engine::Engine engine_;
  engine::Session session_;
  std::span<const float> input_;
  std::vector<std::int32_t> codes_;
};

}  // namespace pare::bench
