#include "metrics/scores.h"

#include <algorithm>

#include "base/error.h"

namespace pare::metrics {

void check_labels(const Scores& scores, std::span<const std::int64_t> labels) {
  check(scores.classes > 0 && scores.values.size() % scores.classes == 0,
        "metrics: scores are not whole rows");
  check(labels.size() == scores.size(), "metrics: as many labels as rows of scores");
  const auto classes = static_cast<std::int64_t>(scores.classes);
  check(std::all_of(labels.begin(), labels.end(),
                    [&](std::int64_t label) { return label >= 0 && label < classes; }),
        "metrics: a label without a column of scores");
}

}  // namespace pare::metrics
