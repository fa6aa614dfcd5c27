#include "metrics/agreement.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace pare::metrics {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

std::int64_t samples_of(const ConfusionMatrix& confusion, std::size_t truth) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < confusion.classes; ++i) sum += confusion.at(truth, i);
  return sum;
}

std::int64_t taken_for(const ConfusionMatrix& confusion, std::size_t predicted) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < confusion.classes; ++i) sum += confusion.at(i, predicted);
  return sum;
}

}  // namespace

std::vector<double> recalls(const ConfusionMatrix& confusion) {
  std::vector<double> result;
  for (std::size_t c = 0; c < confusion.classes; ++c) {
    const std::int64_t samples = samples_of(confusion, c);
    result.push_back(samples == 0
                         ? kNoValue
                         : static_cast<double>(confusion.at(c, c)) / static_cast<double>(samples));
  }
  return result;
}

double average_accuracy(const ConfusionMatrix& confusion) {
  double sum = 0;
  int count = 0;
  for (const double recall : recalls(confusion)) {
    if (std::isnan(recall)) continue;
    sum += recall;
    ++count;
  }
  return count == 0 ? kNoValue : sum / count;
}

double cohens_kappa(const ConfusionMatrix& confusion) {
  double samples = 0;
  double right = 0;
  double by_chance = 0;
  for (std::size_t c = 0; c < confusion.classes; ++c) {
    const auto of_class = static_cast<double>(samples_of(confusion, c));
    samples += of_class;
    right += static_cast<double>(confusion.at(c, c));
    by_chance += of_class * static_cast<double>(taken_for(confusion, c));
  }
  const double possible = samples * samples - by_chance;
  return possible == 0 ? kNoValue : (samples * right - by_chance) / possible;
}

}  // namespace pare::metrics
