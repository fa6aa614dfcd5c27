#include "cli/pixel_classes.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "metrics/accuracy.h"

namespace pare::cli {

Tensor classify_pixels(const PixelRunner& runner, const ProgressSink& progress) {
  const Tensor& cube = runner.cube();
  const std::int64_t batch = runner.batch_size();
  const std::int64_t num_pixels = cube.dim(0) * cube.dim(1);
  Tensor result(DType::kI64, {cube.dim(0), cube.dim(1)});
  for (std::int64_t first = 0; first < num_pixels; first += batch) {
    std::vector<std::int64_t> pixels(static_cast<std::size_t>(std::min(batch, num_pixels - first)));
    std::iota(pixels.begin(), pixels.end(), first);
    const std::vector<double> values = runner.run(pixels);
    // Rounded to float32 first, as metrics are: ties fall as they do there.
    const std::vector<float> scores(values.begin(), values.end());
    const auto classes = metrics::predictions({scores, scores.size() / pixels.size()});
    std::copy(classes.begin(), classes.end(),
              result.as<std::int64_t>().subspan(static_cast<std::size_t>(first)).begin());
    if (progress) {
      progress({"map", first + static_cast<std::int64_t>(pixels.size()), num_pixels, "pixels", ""});
    }
  }
  return result;
}

}  // namespace pare::cli
