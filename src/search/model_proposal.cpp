#include "search/model_proposal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/philox.h"
#include "search/expected_improvement.h"
#include "search/gaussian_process.h"
#include "search/grid_optimum.h"

namespace pare::search {
namespace {

constexpr std::uint32_t kCandidates = 1001;

/// Outputs as numbers of mean 0 and variance 1, or as they are but for the mean if all are equal.
void standardise(std::vector<double>& outputs) {
  const auto count = static_cast<double>(outputs.size());
  double mean = 0;
  for (const double output : outputs) mean += output / count;
  double variance = 0;
  for (const double output : outputs) variance += (output - mean) * (output - mean) / count;
  const double deviation = variance > 0 ? std::sqrt(variance) : 1;
  for (double& output : outputs) output = (output - mean) / deviation;
}

/// What ended, as samples; what failed counts as the worst that was measured.
Samples ended_samples(const SearchSpace& space, std::span<const Tried> tried) {
  double worst = -std::numeric_limits<double>::infinity();
  for (const Tried& one : tried) {
    if (one.standing == Standing::kMeasured) worst = std::max(worst, one.costs.at(0));
  }
  Samples samples;
  for (const Tried& one : tried) {
    if (one.standing == Standing::kOpen) continue;
    samples.inputs.push_back(coordinates(space, one.point));
    samples.outputs.push_back(one.standing == Standing::kMeasured ? one.costs.at(0) : worst);
  }
  standardise(samples.outputs);
  return samples;
}

/// The process with open points added, as if it had been right about each.
GaussianProcess believe(const SearchSpace& space, std::span<const Tried> tried,
                        const GaussianProcess& process) {
  Samples samples = process.samples();
  for (const Tried& one : tried) {
    if (one.standing != Standing::kOpen) continue;
    std::vector<double> input = coordinates(space, one.point);
    samples.outputs.push_back(process.at(input).mean);
    samples.inputs.push_back(std::move(input));
  }
  return {std::move(samples), process.kernel()};
}

}  // namespace

bool has_model() { return true; }

std::optional<Point> model_point(const SearchSpace& space, std::span<const Tried> tried,
                                 std::uint64_t seed) {
  const GaussianProcess process = believe(space, tried, fit(ended_samples(space, tried), seed));
  double best = std::numeric_limits<double>::infinity();
  std::set<Point> excluded;
  std::vector<Point> known;
  for (const Tried& one : tried) {
    excluded.insert(one.point);
    if (one.standing != Standing::kMeasured) continue;
    best = std::min(best, process.at(coordinates(space, one.point)).mean);
    known.push_back(one.point);
  }
  check(!known.empty(), "model_point: nothing was measured");
  const Score score = [&](const Point& point) {
    return log_expected_improvement(process.at(coordinates(space, point)), best);
  };
  const Philox random(seed, RandomStream::kSearch, kCandidates,
                      static_cast<std::uint32_t>(tried.size()));
  return grid_optimum(space, score, excluded, known, random);
}

}  // namespace pare::search
