#include "engine/measured_kernels.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <span>
#include <utility>
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

/// All kernels that may fit in place of a step's own, in any order.
std::span<const KernelKind> alternatives(const LinearStep& step, PlanKind plan) {
  static constexpr KernelKind kBytes[] = {KernelKind::kDenseBytes, KernelKind::kSparseBytes,
                                          KernelKind::kSparsePairs};
  static constexpr KernelKind kShorts[] = {KernelKind::kDenseShorts, KernelKind::kSparseShorts};
  static constexpr KernelKind kOutputs[] = {KernelKind::kDenseBytes, KernelKind::kCodebook};
  if (step.kind == KernelKind::kDenseShorts || step.kind == KernelKind::kSparseShorts) {
    return kShorts;
  }
  // One sample's lanes are outputs, but for convolutions.
  if (plan == PlanKind::kSample && !step.on_image) return kOutputs;
  return kBytes;
}

/// Calls `f` with every linear op and convolution of a plan.
template <class F>
void for_linear_steps(const Plan& plan, const F& f) {
  for (const PlannedSection& section : plan.sections) {
    for (const Step& step : section.steps) {
      if (const auto* linear = std::get_if<LinearStep>(&step.work)) f(*linear);
    }
  }
}

/// A plan with memory under it.
class Trial {
 public:
  Trial(const program::Program& program, PlanKind kind, Plan plan)
      : plan_(std::move(plan)),
        trip_counts_(program.trip_counts.size(), 1),
        lanes_(kind == PlanKind::kBatch ? kLargestChunk : 1),
        layout_(lay_out(program, plan_, trip_counts_, lanes_)),
        arena_(layout_.size + kAlignment),
        frame_(program, plan_, layout_, lanes_, arena_) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  const Plan& plan() const { return plan_; }
  KernelPreferences kernels() const {
    KernelPreferences kernels;
    for_linear_steps(plan_, [&](const LinearStep& step) { kernels[step.sums.value] = step.kind; });
    return kernels;
  }

  /// Runs it some times, each step timed.
  void run(Times& times) {
    Clock::time_point last;
    const StepObserver observer = [&](const Step& step, const View&, std::int64_t) {
      // Copies are made for the convolution that follows.
      const auto* image = std::get_if<ImageStep>(&step.work);
      if (image != nullptr && image->op.kind == ImageKind::kShift) return;
      if (const auto* linear = std::get_if<LinearStep>(&step.work)) {
        const double time = seconds_since(last);
        const auto [known, is_new] = times[linear->sums.value].try_emplace(linear->kind, time);
        known->second = std::min(known->second, time);
      }
      last = Clock::now();
    };
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < kMostRuns && (i < kFewestRuns || Clock::now() - start < kLongEnough); ++i) {
      last = Clock::now();
      frame_.run(lanes_, trip_counts_, &observer);
    }
  }

  /// Seconds of the shortest of some runs as a whole.
  double run_whole() {
    double shortest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kFewestRuns; ++i) {
      const Clock::time_point start = Clock::now();
      frame_.run(lanes_, trip_counts_);
      shortest = std::min(shortest, seconds_since(start));
    }
    return shortest;
  }

 private:
  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  Plan plan_;
  std::vector<std::int64_t> trip_counts_;
  std::size_t lanes_;
  ArenaLayout layout_;
  AlignedVector<std::byte> arena_;
  Frame frame_;
};

/// The fastest, or the model's where that is nearly as fast.
KernelKind fastest(const std::map<KernelKind, double>& times, KernelKind modelled) {
  const auto best =
      std::ranges::min_element(times, {}, [](const auto& time) { return time.second; });
  return best->second < kGain * times.at(modelled) ? best->first : modelled;
}

/// How one op likes its input costs those time that make it.
Trial& fastest_as_a_whole(std::deque<Trial>& trials) {
  std::vector<double> shortest(trials.size(), std::numeric_limits<double>::infinity());
  for (int turn = 0; turn < kTurns; ++turn) {
    for (std::size_t i = 0; i < trials.size(); ++i) {
      shortest[i] = std::min(shortest[i], trials[i].run_whole());
    }
  }
  const auto best = std::ranges::min_element(shortest) - shortest.begin();
  return trials[static_cast<std::size_t>(best)];
}

}  // namespace

bool is_pruned(const program::Constant& weight) {
  const auto zeros = std::ranges::count(weight.values, 0);
  return 4 * zeros >= std::ssize(weight.values);
}

bool is_pruned(const program::Program& program) {
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const auto* linear = std::get_if<program::Linear>(&node.op);
      const auto* conv = std::get_if<program::Conv>(&node.op);
      if (linear != nullptr && is_pruned(program.constant(linear->weight))) return true;
      if (conv != nullptr && is_pruned(program.constant(conv->weight))) return true;
    }
  }
  return false;
}

KernelPreferences measured_kernels(const program::Program& program, PlanKind kind,
                                   const std::function<Plan(const KernelPreferences&)>& make) {
  std::deque<Trial> trials;
  trials.emplace_back(program, kind, make({}));
  const KernelPreferences modelled = trials.front().kernels();
  std::map<std::uint32_t, std::span<const KernelKind>> others;
  std::size_t num_rounds = 0;
  for_linear_steps(trials.front().plan(), [&](const LinearStep& step) {
    const auto kernels = alternatives(step, kind);
    others[step.sums.value] = kernels;
    num_rounds = std::max(num_rounds, kernels.size());
  });
  for (std::size_t round = 0; round < num_rounds; ++round) {
    KernelPreferences tried;
    for (const auto& [sums, kernels] : others) tried[sums] = kernels[round % kernels.size()];
    trials.emplace_back(program, kind, make(tried));
  }
  Times times;
  for (int turn = 0; turn < kTurns && !modelled.empty(); ++turn) {
    for (Trial& trial : trials) trial.run(times);
  }
  KernelPreferences mixed = modelled;
  for (auto& [sums, kernel] : mixed) kernel = fastest(times.at(sums), kernel);
  if (mixed == modelled) return modelled;
  trials.emplace_back(program, kind, make(mixed));
  return fastest_as_a_whole(trials).kernels();
}

}  // namespace pare::engine
