#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "compiled_c.h"
#include "deployed.h"
#include "emit/c/emit.h"
#include "measure.h"

namespace pare::bench {

/// A network as C, compiled in one way, one sample at a time.
class EmittedRun {
 public:
  EmittedRun(const Deployed& deployed, emit::c::Style style, const CompilerSetting& setting);

  /// Throws InternalError if a code differs from `expected` (reference_codes of the samples).
  void check(std::span<const float> samples, std::span<const std::int64_t> expected);

  /// As a contender, each round on another one of `samples`, which must outlive it.
  Contender contender(std::span<const float> samples);

 private:
  /// Maps a sample and runs it, `calls` times over; the codes of the last time.
  using Run = void(const float* sample, std::int32_t* codes, long calls);

  std::string name_;
  std::size_t num_inputs_;
  TemporaryFolder folder_;
  std::optional<CompiledC> library_;
  Run* run_ = nullptr;
  std::span<const float> input_;
  std::vector<std::int32_t> codes_;
};

}  // namespace pare::bench
