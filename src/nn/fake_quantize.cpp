#include "nn/fake_quantize.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <torch/torch.h>

#include "base/error.h"
#include "nn/aten_quantize.h"
#include "nn/fake_quantize_kernels.h"

namespace pare::nn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What the backward pass needs beside tensors.
struct Settings : torch::CustomClassHolder {
  Grids grids;
  GroupLayout layout;
  FakeQuantizer quantizer;
  Path path;
  bool has_log2_range;
  std::vector<std::int64_t> log2_range_shape;
};

const Grid& of_group(const Grids& grids, std::int64_t group) {
  return grids.size() == 1 ? grids.front() : grids.at(static_cast<std::size_t>(group));
}

std::span<const float> run_of(const Tensor& tensor, std::int64_t run, std::int64_t size) {
  return {tensor.data_ptr<float>() + run * size, static_cast<std::size_t>(size)};
}

std::span<float> writable_run_of(const Tensor& tensor, std::int64_t run, std::int64_t size) {
  return {tensor.data_ptr<float>() + run * size, static_cast<std::size_t>(size)};
}

/// Calls f(run, its group, size of a run) for every run of elements that share a grid.
template <class F>
void for_each_run(const GroupLayout& layout, F&& f) {
  for (std::int64_t run = 0; run < layout.outer * layout.groups; ++run) {
    f(run, run % layout.groups, layout.inner);
  }
}

void quantize_run(std::span<const float> from, const Grid& grid, const FakeQuantizer& quantizer,
                  std::span<float> to) {
  if (quantizer.decision == Decision::kThreshold) return threshold_ternary(from, grid, to);
  if (quantizer.decision == Decision::kSign) return sign_binary(from, grid, to);
  if (quantizer.has_relu) return relu_quantize(from, grid, to);
  const bool has_kernel =
      quantizer.rounding == graph::Rounding::kHalfEven && is_grid_of_kernels(grid);
  if (has_kernel) return quantize(from, grid, to);
  quantize_any(from, grid, quantizer.rounding, to);
}

Tensor forward_by_kernels(const Tensor& x, const Settings& s) {
  Tensor y = torch::empty_like(x);
  for_each_run(s.layout, [&](std::int64_t run, std::int64_t group, std::int64_t size) {
    const auto from = run_of(x, run, size);
    const auto to = writable_run_of(y, run, size);
    quantize_run(from, of_group(s.grids, group), s.quantizer, to);
  });
  return y;
}

/// Adds the gradient of s to that of the element that s is the magnitude of.
void add_to_largest(std::span<const float> x, double sum, std::span<float> gx) {
  const float largest = max_abs(x);
  const std::size_t index = index_of_magnitude(x, largest);
  if (index == x.size() || largest == 0) return;
  const float gradient = static_cast<float>(sum / std::max(largest, graph::kMinRange));
  gx[index] += std::signbit(x[index]) ? -gradient : gradient;
}

std::pair<Tensor, std::vector<double>> backward_by_kernels(const Tensor& x, const Tensor& y,
                                                           const Tensor& g, const Settings& s) {
  const bool is_straight = s.quantizer.surrogate != Surrogate::kClamp;
  Tensor gx = is_straight ? g.clone() : torch::empty_like(g);
  std::vector<double> sums(static_cast<std::size_t>(s.layout.groups), 0);
  for_each_run(s.layout, [&](std::int64_t run, std::int64_t group, std::int64_t size) {
    const auto xs = run_of(x, run, size);
    const auto ys = run_of(y, run, size);
    const auto gs = run_of(g, run, size);
    const auto to = writable_run_of(gx, run, size);
    const Grid& grid = of_group(s.grids, group);
    double& sum = sums[static_cast<std::size_t>(group)];
    if (s.quantizer.surrogate == Surrogate::kMaxAbs) {
      add_to_largest(xs, rounding_gradient(xs, ys, gs), to);
    } else if (!is_straight) {
      sum += s.quantizer.has_relu ? relu_clamp_gradient(xs, ys, gs, grid, to)
                                  : clamp_gradient(xs, ys, gs, grid, to);
    }
  });
  return {gx, sums};
}

/// The gradient of log2 s from those of s times s: d s / d log2 s = s ln 2.
Tensor log2_gradient(const std::vector<double>& sums, const Settings& s, const Tensor& x) {
  Tensor gradient = torch::zeros(s.log2_range_shape, torch::kFloat32);
  float* to = gradient.data_ptr<float>();
  for (std::size_t group = 0; group < sums.size(); ++group) {
    to[gradient.numel() == 1 ? 0 : group] += static_cast<float>(sums[group] * std::numbers::ln2);
  }
  return gradient.to(x.device());
}

struct FakeQuantize : torch::autograd::Function<FakeQuantize> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& log2_range,
                        const c10::intrusive_ptr<Settings>& s) {
    Tensor y = s->path == Path::kKernels ? forward_by_kernels(x, *s)
                                         : aten_quantize(x, s->grids, s->layout, s->quantizer);
    s->has_log2_range = s->quantizer.surrogate == Surrogate::kClamp && log2_range.requires_grad() &&
                        log2_range.numel() > 0;
    s->log2_range_shape = log2_range.sizes().vec();
    context->save_for_backward({x, y});
    context->saved_data["settings"] = c10::IValue::make_capsule(s);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data.at("settings").toCapsule();
    const Settings& s = static_cast<const Settings&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    if (s.path == Path::kAten) {
      auto [gx, gp] =
          aten_quantize_gradient(saved[0], saved[1], gradients[0], s.grids, s.layout, s.quantizer);
      if (s.has_log2_range) gp = gp.sum_to_size(s.log2_range_shape);
      return {gx, s.has_log2_range ? gp : Tensor(), Tensor()};
    }
    auto [gx, sums] = backward_by_kernels(saved[0], saved[1], gradients[0].contiguous(), s);
    return {gx, s.has_log2_range ? log2_gradient(sums, s, gx) : Tensor(), Tensor()};
  }
};

}  // namespace

Path fastest_path(const Tensor& x, const Grids& grids, const GroupLayout& layout,
                  const FakeQuantizer& quantizer) {
  // Below this many elements a run, the calls cost more than tensor operations do.
  constexpr std::int64_t kShortestRun = 4;
  const bool is_plain = x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.is_contiguous();
  // Biases are few, but their codes are many.
  if (quantizer.surrogate == Surrogate::kStraightThrough) {
    return is_plain ? Path::kKernels : Path::kAten;
  }
  const bool has_kernel =
      is_plain && quantizer.rounding == graph::Rounding::kHalfEven &&
      (layout.outer == 1 || layout.groups == 1 || layout.inner >= kShortestRun) &&
      std::all_of(grids.begin(), grids.end(), is_grid_of_kernels);
  return has_kernel ? Path::kKernels : Path::kAten;
}

Tensor fake_quantize(const Tensor& x, const Tensor& log2_range, const Grids& grids,
                     const GroupLayout& layout, const FakeQuantizer& quantizer, Path path) {
  check(layout.outer * layout.groups * layout.inner == x.numel(), "a layout of another size");
  const auto settings = c10::make_intrusive<Settings>();
  settings->grids = grids;
  settings->layout = layout;
  settings->quantizer = quantizer;
  settings->path = path;
  const Tensor range = log2_range.defined() ? log2_range : torch::empty({0});
  return FakeQuantize::apply(x, range, settings);
}

std::vector<float> max_abs_of_groups(const Tensor& x, std::int64_t groups) {
  const torch::NoGradGuard no_grad;
  const Tensor values = x.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const std::int64_t size = values.numel() / groups;
  std::vector<float> largest;
  for (std::int64_t group = 0; group < groups; ++group) {
    largest.push_back(max_abs(run_of(values, group, size)));
  }
  return largest;
}

}  // namespace pare::nn
