#include "model/deploy.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace pare::model {

Deployment deploy(lower::Lowered lowered, const Tensor& inputs) {
  const auto values = inputs.as<float>();
  const auto size = static_cast<std::size_t>(num_elements(lowered.interface.input_shape));
  const std::size_t count =
      std::min(static_cast<std::size_t>(kMaxGoldenSamples), values.size() / size);
  std::vector<program::Inputs> samples;
  for (std::size_t n = 0; n < count; ++n) {
    program::Codes codes(size);
    lower::quantize_input(lowered.interface, values.subspan(n * size, size), codes);
    samples.push_back({{std::move(codes)}, lower::trip_counts_of(lowered.interface)});
  }
  Golden golden = make_golden(lowered.program, samples);
  return {.program = std::move(lowered.program),
          .interface = std::move(lowered.interface),
          .golden = std::move(golden),
          .notes = std::move(lowered.notes)};
}

}  // namespace pare::model
