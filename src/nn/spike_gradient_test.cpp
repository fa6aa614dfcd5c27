// Gradients of spiking neurons in double, against programs that know nothing of backpropagation.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include <torch/torch.h>

#include "nn/spike.h"

namespace pare::nn {
namespace {

using torch::Tensor;

Tensor random(std::vector<std::int64_t> shape, double deviation) {
  return torch::randn(shape, torch::kFloat64) * deviation;
}

/// The spike whose derivative by z is the surrogate.
double smooth_spike(double z, const SpikeSurrogate& of) {
  const double x = z / of.width;
  switch (of.shape) {
    case SurrogateShape::kTriangle: {
      const double inside = std::clamp(x, -1.0, 1.0);
      return of.gain * of.width * (0.5 + inside - 0.5 * inside * std::abs(inside));
    }
    case SurrogateShape::kSigmoid:
      return of.gain * of.width * 4 / (1 + std::exp(-x));
    case SurrogateShape::kArctan:
      return of.gain * of.width * 2 / std::numbers::pi * std::atan(std::numbers::pi / 2 * x);
  }
  return 0;
}

double surrogate_of(double z, const SpikeSurrogate& of) {
  const double x = z / of.width;
  switch (of.shape) {
    case SurrogateShape::kTriangle:
      return of.gain * std::max(0.0, 1 - std::abs(x));
    case SurrogateShape::kSigmoid:
      return of.gain / std::pow(std::cosh(x / 2), 2);
    case SurrogateShape::kArctan:
      return of.gain / (1 + std::pow(std::numbers::pi / 2 * x, 2));
  }
  return 0;
}

/// The numbers of one neuron.
struct Neuron {
  double threshold;
  double leak;
  double step;  ///< 0: no grid
};

/// What a step has decided, and what rounding has added.
struct Decided {
  bool is_spike;
  bool is_inside;
  double added;
};

double before_rounding(double u, bool is_spike, const Neuron& n, const SpikeRule& rule) {
  const double s = is_spike ? 1 : 0;
  if (rule.reset == SpikeReset::kHard) return is_spike ? 0 : n.leak * u;
  return rule.leaks_reset ? n.leak * (u - n.threshold * s) : n.leak * u - n.threshold * s;
}

/// The sum of g S(z) over the steps of one neuron, S the smooth spike, while the decisions and the
/// roundings of `decided` hold. With `decided` empty: those of the true neuron, which it writes.
double smoothed(const std::vector<double>& current, const std::vector<double>& g, const Neuron& n,
                const SpikeRule& rule, std::vector<Decided>& decided) {
  const bool decides = decided.empty();
  double sum = 0;
  double c = 0;
  for (std::size_t t = 0; t < current.size(); ++t) {
    const double u = c + current[t];
    sum += g[t] * smooth_spike(u / n.threshold - 1, rule.surrogate);
    if (decides) {
      const bool is_spike = rule.is_strict ? u > n.threshold : u >= n.threshold;
      const double x = before_rounding(u, is_spike, n, rule);
      const double lowest = n.step * static_cast<double>(rule.codes.lowest);
      const double highest = n.step * static_cast<double>(rule.codes.highest);
      // Soft and not leaked, the threshold is taken off behind the rounding.
      const double off = x - before_rounding(u, false, n, rule);
      const bool is_split = rule.reset == SpikeReset::kSoft && !rule.leaks_reset && is_spike;
      const double rounds = is_split ? x - off : x;
      const double rounded =
          n.step == 0 ? x : std::nearbyint(rounds / n.step) * n.step + (is_split ? off : 0);
      const bool is_inside = n.step == 0 || (x >= lowest && x <= highest);
      const double value = n.step == 0 ? x : std::clamp(rounded, lowest, highest);
      decided.push_back({is_spike, is_inside, is_inside ? value - x : value});
    }
    const Decided& of = decided[t];
    c = of.added + (of.is_inside ? before_rounding(u, of.is_spike, n, rule) : 0);
  }
  return sum;
}

struct GradientCase {
  SpikeRule rule;
  bool has_grid;
};

std::vector<GradientCase> gradient_cases(const std::vector<bool>& has_grids) {
  std::vector<GradientCase> cases;
  for (const SurrogateShape shape :
       {SurrogateShape::kTriangle, SurrogateShape::kSigmoid, SurrogateShape::kArctan}) {
    for (const SpikeReset reset : {SpikeReset::kSoft, SpikeReset::kHard}) {
      for (const bool leaks_reset : {true, false}) {
        for (const bool has_grid : has_grids) {
          cases.push_back({{.reset = reset,
                            .leaks_reset = leaks_reset,
                            .surrogate = {.shape = shape, .gain = 0.7, .width = 1.3},
                            .codes = {-9, 12}},
                           has_grid});
        }
      }
    }
  }
  return cases;
}

class SpikeGradients : public testing::TestWithParam<GradientCase> {};

// Twelve steps of five neurons, each with numbers of its own.
TEST_P(SpikeGradients, AreThoseOfTheSmoothedNeuron) {
  constexpr std::int64_t kSteps = 12;
  constexpr std::int64_t kNeurons = 5;
  const auto& [rule, has_grid] = GetParam();
  torch::manual_seed(3);
  const Tensor current = (random({kSteps, 1, kNeurons}, 0.8) + 0.3).set_requires_grad(true);
  const Tensor g = random({kSteps, 1, kNeurons}, 1);
  const Tensor threshold = (torch::rand({kNeurons}, torch::kFloat64) + 0.7).set_requires_grad(true);
  const Tensor leak =
      (torch::rand({kNeurons}, torch::kFloat64) * 0.4 + 0.5).set_requires_grad(true);
  const Tensor step = torch::full({1}, 0.11, torch::kFloat64);
  const SpikingNeurons neurons{.threshold = threshold,
                               .leak = leak,
                               .membrane_step = has_grid ? step : Tensor(),
                               .rule = rule};
  spike(current, neurons, Path::kAten).backward(g);

  int outside = 0;
  int fired = 0;
  for (std::int64_t i = 0; i < kNeurons; ++i) {
    const auto column = [&](const Tensor& of) {
      const Tensor values = of.detach().select(2, i).flatten().contiguous();
      return std::vector<double>(values.data_ptr<double>(), values.data_ptr<double>() + kSteps);
    };
    const std::vector<double> x = column(current);
    const std::vector<double> gs = column(g);
    const Neuron n{threshold[i].item<double>(), leak[i].item<double>(),
                   has_grid ? step.item<double>() : 0};
    std::vector<Decided> decided;
    smoothed(x, gs, n, rule, decided);
    for (const Decided& of : decided) {
      outside += of.is_inside ? 0 : 1;
      fired += of.is_spike ? 1 : 0;
    }
    constexpr double kMove = 1e-6;
    const auto slope = [&](auto&& at) { return (at(kMove) - at(-kMove)) / (2 * kMove); };
    EXPECT_NEAR(threshold.grad()[i].item<double>(), slope([&](double by) {
                  return smoothed(x, gs, {n.threshold + by, n.leak, n.step}, rule, decided);
                }),
                1e-7);
    EXPECT_NEAR(leak.grad()[i].item<double>(), slope([&](double by) {
                  return smoothed(x, gs, {n.threshold, n.leak + by, n.step}, rule, decided);
                }),
                1e-7);
    for (std::size_t t = 0; t < x.size(); ++t) {
      EXPECT_NEAR(current.grad()[static_cast<std::int64_t>(t)][0][i].item<double>(),
                  slope([&](double by) {
                    std::vector<double> moved = x;
                    moved[t] += by;
                    return smoothed(moved, gs, n, rule, decided);
                  }),
                  1e-7);
    }
  }
  EXPECT_GT(fired, 3);
  EXPECT_GT(outside, has_grid ? 1 : -1);
}

INSTANTIATE_TEST_SUITE_P(All, SpikeGradients, testing::ValuesIn(gradient_cases({true, false})));

/// A number and its derivative by one parameter of the network.
struct Dual {
  double value = 0;
  double slope = 0;

  friend Dual operator+(Dual a, Dual b) { return {a.value + b.value, a.slope + b.slope}; }
  friend Dual operator-(Dual a, Dual b) { return {a.value - b.value, a.slope - b.slope}; }
  friend Dual operator*(Dual a, Dual b) {
    return {a.value * b.value, a.slope * b.value + a.value * b.slope};
  }
};

/// A spike of u: its value is true, its slope the surrogate's.
Dual dual_spike(Dual u, Dual threshold, const SpikeRule& rule) {
  const double z = u.value / threshold.value - 1;
  const double dz =
      u.slope / threshold.value - u.value * threshold.slope / (threshold.value * threshold.value);
  const bool is_spike = rule.is_strict ? u.value > threshold.value : u.value >= threshold.value;
  return {is_spike ? 1.0 : 0.0, surrogate_of(z, rule.surrogate) * dz};
}

Dual dual_membrane(Dual u, bool is_spike, Dual threshold, Dual leak, const SpikeRule& rule) {
  const Dual off = is_spike ? threshold : Dual{};
  if (rule.reset == SpikeReset::kHard) return is_spike ? Dual{} : leak * u;
  return rule.leaks_reset ? leak * (u - off) : leak * u - off;
}

using Duals = std::vector<Dual>;

/// One linear layer [to, from] and its neurons.
struct DualLayer {
  Duals weights;
  Dual threshold;
  Dual leak;
  Duals membrane;

  Duals step(const Duals& x, const SpikeRule& rule) {
    Duals spikes;
    for (std::size_t i = 0; i < membrane.size(); ++i) {
      Dual u = membrane[i];
      for (std::size_t k = 0; k < x.size(); ++k) u = u + weights[i * x.size() + k] * x[k];
      spikes.push_back(dual_spike(u, threshold, rule));
      membrane[i] = dual_membrane(u, spikes.back().value > 0, threshold, leak, rule);
    }
    return spikes;
  }
};

// Two layers, 2 - 4 - 3, of three steps and one sample.
constexpr std::int64_t kSteps = 3;
constexpr std::int64_t kFrom = 2;
constexpr std::int64_t kMiddle = 4;
constexpr std::int64_t kTo = 3;

/// Everything that the network's loss, the sum of g times its spikes, depends on, in one list:
/// inputs, then of each layer weights, threshold, leak.
std::vector<double> all_numbers() {
  torch::manual_seed(11);
  const Tensor list =
      torch::cat({random({kSteps * kFrom}, 1) + 0.4, random({kMiddle * kFrom}, 0.8) + 0.3,
                  torch::tensor({0.9, 0.8}, torch::kFloat64), random({kTo * kMiddle}, 0.8) + 0.3,
                  torch::tensor({1.1, 0.7}, torch::kFloat64)});
  return {list.data_ptr<double>(), list.data_ptr<double>() + list.numel()};
}

Dual dual_loss(const std::vector<double>& numbers, std::size_t moved, const Tensor& g,
               const SpikeRule& rule) {
  std::size_t at = 0;
  const auto take = [&] {
    const Dual result{numbers[at], at == moved ? 1.0 : 0.0};
    ++at;
    return result;
  };
  const auto take_many = [&](std::int64_t count) {
    Duals result;
    for (std::int64_t i = 0; i < count; ++i) result.push_back(take());
    return result;
  };
  const Duals inputs = take_many(kSteps * kFrom);
  const auto take_layer = [&](std::int64_t to, std::int64_t from) {
    DualLayer layer;
    layer.weights = take_many(to * from);
    layer.threshold = take();
    layer.leak = take();
    layer.membrane.resize(static_cast<std::size_t>(to));
    return layer;
  };
  DualLayer first = take_layer(kMiddle, kFrom);
  DualLayer second = take_layer(kTo, kMiddle);
  Dual loss;
  for (std::int64_t t = 0; t < kSteps; ++t) {
    const Duals x(inputs.begin() + t * kFrom, inputs.begin() + (t + 1) * kFrom);
    const Duals spikes = second.step(first.step(x, rule), rule);
    for (std::int64_t i = 0; i < kTo; ++i) {
      loss = loss + Dual{g[t][0][i].item<double>()} * spikes[static_cast<std::size_t>(i)];
    }
  }
  return loss;
}

/// Without a grid: the neuron's own test has that.
class SpikeGradientsOfLayers : public testing::TestWithParam<GradientCase> {};

TEST_P(SpikeGradientsOfLayers, AreThoseOfDualNumbers) {
  const SpikeRule& rule = GetParam().rule;
  const std::vector<double> numbers = all_numbers();
  const Tensor g = random({kSteps, 1, kTo}, 1);

  const Tensor list = torch::tensor(numbers, torch::kFloat64).set_requires_grad(true);
  std::int64_t at = 0;
  const auto take = [&](std::vector<std::int64_t> shape) {
    const std::int64_t size = c10::multiply_integers(shape);
    at += size;
    return list.narrow(0, at - size, size).view(shape);
  };
  const auto layer = [&](const Tensor& x, std::int64_t to) {
    const Tensor current = x.matmul(take({to, x.size(2)}).t());
    const SpikingNeurons neurons{.threshold = take({1}), .leak = take({1}), .rule = rule};
    return spike(current, neurons, Path::kAten);
  };
  const Tensor inputs = take({kSteps, 1, kFrom});
  const Tensor loss = (g * layer(layer(inputs, kMiddle), kTo)).sum();
  loss.backward();

  EXPECT_NEAR(loss.item<double>(), dual_loss(numbers, numbers.size(), g, rule).value, 1e-12);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_NEAR(list.grad()[static_cast<std::int64_t>(i)].item<double>(),
                dual_loss(numbers, i, g, rule).slope, 1e-10)
        << "number " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpikeGradientsOfLayers, testing::ValuesIn(gradient_cases({false})));

}  // namespace
}  // namespace pare::nn
