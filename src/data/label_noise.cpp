#include "data/label_noise.h"

#include <cmath>

#include "base/error.h"
#include "base/philox.h"

namespace pare::data {

void randomise_labels(Tensor& labels, double fraction, std::int64_t num_classes, std::uint64_t seed,
                      NoisedFile file) {
  check(fraction >= 0 && fraction <= 1, "randomise_labels: fraction not in [0, 1]");
  const auto values = labels.as<std::int64_t>();
  const auto count =
      static_cast<std::size_t>(std::llround(fraction * static_cast<double>(values.size())));
  const Philox random(seed, RandomStream::kLabelNoise, 0, static_cast<std::uint32_t>(file));
  for (std::size_t row = 0; row < count; ++row) {
    values[row] =
        static_cast<std::int64_t>(random.below(row, static_cast<std::uint64_t>(num_classes)));
  }
}

}  // namespace pare::data
