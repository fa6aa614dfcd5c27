#include "engine_run.h"

#include <fmt/format.h>

#include "base/error.h"

namespace pare::bench {

EngineRun::EngineRun(const Deployed& deployed, std::int64_t batch)
    : deployed_(deployed),
      batch_elements_(static_cast<std::size_t>(batch * deployed.inputs())),
      engine_(deployed.program, deployed.interface),
      session_(engine_),
      codes_(static_cast<std::size_t>(batch * deployed.outputs())) {}

void EngineRun::check(std::span<const float> samples, std::span<const std::int64_t> expected) {
  for (std::size_t first = 0; first < samples.size(); first += batch_elements_) {
    const engine::Status status = session_.run(samples.subspan(first, batch_elements_), codes_);
    pare::check(status == engine::Status::kOk, engine::describe(status));
    const std::size_t batch = first / batch_elements_;
    for (std::size_t i = 0; i < codes_.size(); ++i) {
      const std::int64_t right = expected[batch * codes_.size() + i];
      if (codes_[i] == right) continue;
      throw InternalError(fmt::format("engine, {}: batch {}, element {}: {}, expected {}",
                                      deployed_.name, batch, i, codes_[i], right));
    }
  }
}

Contender EngineRun::contender(std::span<const float> samples) {
  return {fmt::format("pare engine, {}", deployed_.name),
          [this, samples](int round) {
            const std::size_t num_batches = samples.size() / batch_elements_;
            const std::size_t first = static_cast<std::size_t>(round) % num_batches;
            input_ = samples.subspan(first * batch_elements_, batch_elements_);
          },
          [this](int calls) {
            for (int i = 0; i < calls; ++i) session_.run(input_, codes_);
          }};
}

}  // namespace pare::bench
