#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace pare::metrics {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Ranked {
  float score;
  bool is_signal;
};

/// Samples of one score.
struct Tie {
  double signal = 0;
  double background = 0;
};

/// The corners of a curve, from the highest score down.
struct Curve {
  std::vector<Tie> ties;
  double signal = 0;      ///< samples in all
  double background = 0;  ///< samples in all

  bool is_defined() const { return signal > 0 && background > 0; }
};

Curve curve_of(std::vector<Ranked> samples) {
  for (Ranked& sample : samples) {
    if (std::isnan(sample.score)) sample.score = -std::numeric_limits<float>::infinity();
  }
  std::sort(samples.begin(), samples.end(),
            [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  Curve curve;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i == 0 || samples[i].score != samples[i - 1].score) curve.ties.emplace_back();
    (samples[i].is_signal ? curve.ties.back().signal : curve.ties.back().background) += 1;
    (samples[i].is_signal ? curve.signal : curve.background) += 1;
  }
  return curve;
}

Curve curve_of(std::span<const float> scores, std::span<const std::uint8_t> is_signal) {
  check(scores.size() == is_signal.size(), "roc: as many flags as scores");
  std::vector<Ranked> samples(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) samples[i] = {scores[i], is_signal[i] != 0};
  return curve_of(std::move(samples));
}

Curve curve_of_class(const Scores& scores, std::span<const std::int64_t> labels,
                     std::size_t column) {
  std::vector<Ranked> samples(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    samples[i] = {scores.row(i)[column], labels[i] == static_cast<std::int64_t>(column)};
  }
  return curve_of(std::move(samples));
}

double area(const Curve& curve) {
  if (!curve.is_defined()) return kUndefined;
  // Counts of samples and halves of them: exact in double up to 2^26 samples of each kind.
  double pairs = 0;
  double signal_above = 0;
  for (const Tie& tie : curve.ties) {
    pairs += tie.background * (signal_above + tie.signal / 2);
    signal_above += tie.signal;
  }
  return pairs / (curve.signal * curve.background);
}

double background_at(const Curve& curve, double signal_efficiency) {
  check(signal_efficiency >= 0 && signal_efficiency <= 1, "roc: signal efficiency in 0 … 1");
  if (!curve.is_defined()) return kUndefined;
  const double wanted = signal_efficiency * curve.signal;
  double signal = 0;
  double background = 0;
  for (const Tie& tie : curve.ties) {
    if (wanted <= signal) break;
    if (wanted <= signal + tie.signal) {
      background += tie.background * (wanted - signal) / tie.signal;
      break;
    }
    signal += tie.signal;
    background += tie.background;
  }
  return background / curve.background;
}

}  // namespace

double roc_auc(std::span<const float> scores, std::span<const std::uint8_t> is_signal) {
  return area(curve_of(scores, is_signal));
}

double background_efficiency(std::span<const float> scores, std::span<const std::uint8_t> is_signal,
                             double signal_efficiency) {
  return background_at(curve_of(scores, is_signal), signal_efficiency);
}

std::vector<double> one_vs_rest_auc(const Scores& scores, std::span<const std::int64_t> labels) {
  check_labels(scores, labels);
  std::vector<double> areas(scores.classes);
  for (std::size_t c = 0; c < areas.size(); ++c) areas[c] = area(curve_of_class(scores, labels, c));
  return areas;
}

std::vector<double> one_vs_rest_background_efficiency(const Scores& scores,
                                                      std::span<const std::int64_t> labels,
                                                      double signal_efficiency) {
  check_labels(scores, labels);
  std::vector<double> efficiencies(scores.classes);
  for (std::size_t c = 0; c < efficiencies.size(); ++c) {
    efficiencies[c] = background_at(curve_of_class(scores, labels, c), signal_efficiency);
  }
  return efficiencies;
}

double macro_mean(std::span<const double> of_classes) {
  double sum = 0;
  double count = 0;
  for (const double value : of_classes) {
    if (std::isnan(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : kUndefined;
}

}  // namespace pare::metrics
