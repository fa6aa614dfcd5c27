#include "engine/measured_kernels.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <vector>

#include "engine/aligned.h"
#include "engine/arena.h"
#include "engine/frame.h"
#include "engine/view.h"

namespace pare::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// All plans take their turns so often: a machine that other programs share has fast and slow
/// times.
constexpr int kTurns = 4;
constexpr int kFewestRuns = 2;  // a turn; the first one finds its memory in no cache
constexpr int kMostRuns = 5;
constexpr std::chrono::microseconds kLongEnough{250};
/// Less is noise.
constexpr double kGain = 0.9;

/// The shortest time of each kernel that was tried, in seconds, by the buffer of the sums.
using Times = std::map<std::uint32_t, std::map<KernelKind, double>>;

bool has_zeros(const program::Constant& weight) {
  const auto zeros = std::ranges::count(weight.values, 0);
  return 4 * zeros >= std::ssize(weight.values);
}

/// All kernels that may fit where the model takes `kind`, in any order.
std::span<const KernelKind> alternatives(KernelKind kind) {
  static constexpr KernelKind kBytes[] = {KernelKind::kDenseBytes, KernelKind::kSparseBytes,
                                          KernelKind::kSparsePairs};
  static constexpr KernelKind kShorts[] = {KernelKind::kDenseShorts, KernelKind::kSparseShorts};
  const bool is_shorts = kind == KernelKind::kDenseShorts || kind == KernelKind::kSparseShorts;
  return is_shorts ? std::span<const KernelKind>(kShorts) : std::span<const KernelKind>(kBytes);
}

template <class F>
void for_linear_steps(const Plan& plan, F&& f) {
  for (const PlannedSection& section : plan.sections) {
    for (const Step& step : section.steps) {
      if (const auto* linear = std::get_if<LinearStep>(&step.work)) f(step, *linear);
    }
  }
}

/// Runs a plan some times, each step timed.
void time_plan(const program::Program& program, PlanKind kind, const Plan& plan, Times& times) {
  const std::size_t lanes = kind == PlanKind::kBatch ? kLargestChunk : 1;
  const std::vector<std::int64_t> trip_counts(program.trip_counts.size(), 1);
  const ArenaLayout layout = lay_out(program, plan, trip_counts, lanes);
  AlignedVector<std::byte> arena(layout.size + kAlignment);
  const Frame frame(program, plan, layout, lanes, arena);
  std::map<const Step*, double> shortest;
  for_linear_steps(plan, [&](const Step& step, const LinearStep&) {
    shortest[&step] = std::numeric_limits<double>::infinity();
  });
  Clock::time_point last;
  const StepObserver observer = [&](const Step& step, const View&, std::int64_t) {
    const Clock::time_point now = Clock::now();
    if (const auto known = shortest.find(&step); known != shortest.end()) {
      known->second = std::min(known->second, std::chrono::duration<double>(now - last).count());
    }
    last = Clock::now();
  };
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kMostRuns && (i < kFewestRuns || Clock::now() - start < kLongEnough); ++i) {
    last = Clock::now();
    frame.run(lanes, trip_counts, &observer);
  }
  for_linear_steps(plan, [&](const Step& step, const LinearStep& linear) {
    const auto [known, is_new] =
        times[linear.sums.value].try_emplace(linear.kind, shortest.at(&step));
    if (!is_new) known->second = std::min(known->second, shortest.at(&step));
  });
}

/// The fastest, or the model's where that is nearly as fast.
KernelKind fastest(const std::map<KernelKind, double>& times, KernelKind modelled) {
  const auto best =
      std::ranges::min_element(times, {}, [](const auto& time) { return time.second; });
  return best->second < kGain * times.at(modelled) ? best->first : modelled;
}

}  // namespace

bool is_pruned(const program::Program& program) {
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const auto* linear = std::get_if<program::Linear>(&node.op);
      const auto* conv = std::get_if<program::Conv>(&node.op);
      if (linear != nullptr && has_zeros(program.constant(linear->weight))) return true;
      if (conv != nullptr && has_zeros(program.constant(conv->weight))) return true;
    }
  }
  return false;
}

KernelPreferences measured_kernels(const program::Program& program, PlanKind kind,
                                   const std::function<Plan(const KernelPreferences&)>& make) {
  KernelPreferences chosen;
  std::size_t num_rounds = 0;
  std::vector<Plan> plans = {make({})};
  for_linear_steps(plans.front(), [&](const Step&, const LinearStep& linear) {
    chosen[linear.sums.value] = linear.kind;
    num_rounds = std::max(num_rounds, alternatives(linear.kind).size());
  });
  if (chosen.empty()) return {};
  for (std::size_t round = 0; round < num_rounds; ++round) {
    KernelPreferences tried;
    for (const auto& [sums, kernel] : chosen) {
      const auto kernels = alternatives(kernel);
      tried[sums] = kernels[round % kernels.size()];
    }
    plans.push_back(make(tried));
  }
  Times times;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (const Plan& plan : plans) time_plan(program, kind, plan, times);
  }
  for (auto& [sums, kernel] : chosen) kernel = fastest(times.at(sums), kernel);
  return chosen;
}

}  // namespace pare::engine
