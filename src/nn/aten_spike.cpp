#include "nn/aten_spike.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <torch/torch.h>

namespace pare::nn {
namespace {

using torch::Tensor;

bool is_soft(const AtenNeurons& n) { return n.rule.reset == SpikeReset::kSoft; }
bool is_soft_unleaked(const AtenNeurons& n) { return is_soft(n) && !n.rule.leaks_reset; }

Tensor lowest(const AtenNeurons& n) { return n.step * n.rule.codes.lowest; }
Tensor highest(const AtenNeurons& n) { return n.step * n.rule.codes.highest; }

/// What the leak multiplies; s are 0 and 1 in u's dtype.
Tensor before_leak(const Tensor& u, const Tensor& s, const AtenNeurons& n) {
  if (is_soft_unleaked(n)) return u;
  return is_soft(n) ? u - n.threshold * s : u.masked_fill(s > 0, 0);
}

Tensor next_membrane(const Tensor& u, const AtenNeurons& n) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor s = aten_fires(u, n).to(u.dtype());
  Tensor c = n.leak * before_leak(u, s, n);
  if (n.step.defined()) {
    c = torch::nan_to_num(c / n.step, 0, kInfinity, -kInfinity).round() * n.step;
  }
  if (is_soft_unleaked(n)) c = c - n.threshold * s;
  return n.step.defined() ? torch::minimum(torch::maximum(c, lowest(n)), highest(n)) : c;
}

/// The gradient of c where saturation lets it pass.
Tensor inside(const Tensor& gc, const Tensor& u, const Tensor& s, const AtenNeurons& n) {
  if (!n.step.defined()) return gc;
  Tensor c = n.leak * before_leak(u, s, n);
  if (is_soft_unleaked(n)) c = c - n.threshold * s;
  return gc.masked_fill((c < lowest(n)).logical_or(c > highest(n)), 0);
}

/// d spike / dz.
Tensor surrogate(const Tensor& z, const SpikeSurrogate& of) {
  const Tensor x = z / of.width;
  switch (of.shape) {
    case SurrogateShape::kTriangle:
      return of.gain * (1 - x.abs()).clamp_min(0);
    case SurrogateShape::kSigmoid:
      return 4 * of.gain * x.sigmoid() * (1 - x.sigmoid());
    case SurrogateShape::kArctan:
      return of.gain / (1 + (x * (std::numbers::pi / 2)).square());
  }
  return x;
}

}  // namespace

Tensor aten_fires(const Tensor& u, const AtenNeurons& neurons) {
  return neurons.rule.is_strict ? u > neurons.threshold : u >= neurons.threshold;
}

Tensor aten_membranes(const Tensor& current, std::int64_t steps, const AtenNeurons& neurons) {
  std::vector<std::int64_t> shape = current.sizes().vec();
  shape.front() = steps;
  Tensor us = torch::empty(shape, current.options());
  Tensor c = torch::zeros(current.sizes().slice(1), current.options());
  for (std::int64_t t = 0; t < steps; ++t) {
    Tensor u = us.select(0, t);
    torch::add_out(u, c, current.select(0, current.size(0) == 1 ? 0 : t));
    if (t + 1 < steps) c = next_membrane(u, neurons);
  }
  return us;
}

AtenSpikeGradients aten_spike_gradients(const Tensor& us, const Tensor& g,
                                        std::int64_t current_steps, const AtenNeurons& n) {
  std::vector<std::int64_t> shape = us.sizes().vec();
  shape.front() = current_steps;
  Tensor gx = torch::zeros(shape, us.options());
  Tensor gc = torch::zeros(us.sizes().slice(1), us.options());
  Tensor of_threshold = torch::zeros_like(gc);
  Tensor of_leak = torch::zeros_like(gc);
  for (std::int64_t t = us.size(0) - 1; t >= 0; --t) {
    const Tensor u = us.select(0, t);
    const Tensor s = aten_fires(u, n).to(u.dtype());
    const Tensor by_spike =
        g.select(0, t) * surrogate(u / n.threshold - 1, n.rule.surrogate) / n.threshold;
    of_threshold -= by_spike * u / n.threshold;

    gc = inside(gc, u, s, n);
    of_leak += gc * before_leak(u, s, n);
    Tensor of_before = gc * n.leak;
    if (is_soft(n)) of_threshold -= s * (n.rule.leaks_reset ? of_before : gc);
    if (!is_soft(n)) of_before = of_before.masked_fill(s > 0, 0);
    gc = of_before + by_spike;
    gx.select(0, current_steps == 1 ? 0 : t) += gc;
  }
  return {gx, of_threshold.sum_to_size(n.threshold.sizes()), of_leak.sum_to_size(n.leak.sizes())};
}

}  // namespace pare::nn
