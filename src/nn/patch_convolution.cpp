#include "nn/patch_convolution.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "nn/patch_matrix.h"

namespace pare::nn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What the backward pass needs beside tensors.
struct PatchSettings : torch::CustomClassHolder {
  PatchShape shape;
  torch::ScalarType type;
  bool is_spikes;
  bool needs_gradients;
};

std::int64_t num_outputs(const PatchAxis& axis) {
  const std::int64_t span = (axis.kernel - 1) * axis.dilation + 1;
  return (axis.in + 2 * axis.padding - span) / axis.stride + 1;
}

PatchShape shape_of(const Tensor& x, const Tensor& weight, const Convolution& convolution) {
  PatchShape shape{.channels = x.size(1), .axes = {}};
  for (std::size_t i = 0; i < shape.axes.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i) + 2;
    shape.axes[i] = {.in = x.size(axis),
                     .out = 0,
                     .kernel = weight.size(axis),
                     .stride = convolution.stride[i],
                     .padding = convolution.padding[i],
                     .dilation = convolution.dilation[i]};
    shape.axes[i].out = num_outputs(shape.axes[i]);
  }
  return shape;
}

/// A sample's patches as a matrix, written over those of the sample before.
class Patches {
 public:
  Patches(const PatchShape& shape, torch::ScalarType type)
      : shape_(shape), matrix_(torch::empty({shape.rows(), shape.columns()}, type)) {}

  const Tensor& of(const Tensor& x, std::int64_t sample) {
    AT_DISPATCH_FLOATING_TYPES(matrix_.scalar_type(), "patches", [&] {
      const std::int64_t first = sample * x.stride(0);
      if (x.scalar_type() == torch::kUInt8) {
        write_patches(shape_, x.data_ptr<std::uint8_t>() + first, matrix_.data_ptr<scalar_t>());
      } else {
        write_patches(shape_, x.data_ptr<scalar_t>() + first, matrix_.data_ptr<scalar_t>());
      }
    });
    return matrix_;
  }

  /// Adds the patches' gradient, weight [M, rows] and g [M, columns] multiplied, to a sample's.
  void add_gradient(const Tensor& weight, const Tensor& g, const Tensor& gx, std::int64_t sample) {
    at::mm_out(matrix_, weight.t(), g);
    AT_DISPATCH_FLOATING_TYPES(matrix_.scalar_type(), "patches", [&] {
      add_patches(shape_, matrix_.data_ptr<scalar_t>(),
                  gx.data_ptr<scalar_t>() + sample * gx.stride(0));
    });
  }

 private:
  const PatchShape& shape_;
  Tensor matrix_;
};

/// How many parts the samples are taken in: a number that shapes alone decide, since each has a sum
/// of the weight's gradient of its own.
std::int64_t num_parts(std::int64_t samples, const Tensor& weight) {
  constexpr std::int64_t kMost = 16;
  constexpr std::int64_t kElements = std::int64_t{1} << 22;
  const std::int64_t by_memory = kElements / std::max<std::int64_t>(1, weight.numel());
  return std::clamp<std::int64_t>(by_memory, 1,
                                  std::max<std::int64_t>(1, std::min(samples, kMost)));
}

/// Calls f(part, first sample, last + 1), on torch's threads.
template <class F>
void for_parts(std::int64_t samples, std::int64_t parts, F f) {
  at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
    const torch::NoGradGuard no_grad;
    for (std::int64_t part = begin; part < end; ++part) {
      f(part, part * samples / parts, (part + 1) * samples / parts);
    }
  });
}

Tensor forward_of(const Tensor& x, const Tensor& weight, const PatchSettings& s) {
  const std::int64_t samples = x.size(0);
  const auto& axes = s.shape.axes;
  Tensor y = torch::empty({samples, weight.size(0), axes[0].out, axes[1].out, axes[2].out}, s.type);
  const Tensor matrix = weight.flatten(1);
  const Tensor rows = y.flatten(2);
  for_parts(samples, num_parts(samples, weight),
            [&](std::int64_t, std::int64_t begin, std::int64_t end) {
              Patches patches(s.shape, s.type);
              for (std::int64_t n = begin; n < end; ++n) {
                Tensor row = rows[n];
                at::mm_out(row, matrix, patches.of(x, n));
              }
            });
  return y;
}

struct PatchGradients {
  Tensor x = {};
  Tensor weight = {};
};

PatchGradients backward_of(const Tensor& x, const Tensor& weight, const Tensor& g, bool needs_x,
                           bool needs_weight, const PatchSettings& s) {
  const std::int64_t samples = x.size(0);
  const std::int64_t parts = num_parts(samples, weight);
  const Tensor matrix = weight.flatten(1);
  const Tensor rows = g.flatten(2);
  PatchGradients result;
  if (needs_x) result.x = torch::zeros(x.sizes(), s.type);
  Tensor sums;
  if (needs_weight) sums = torch::zeros({parts, matrix.size(0), matrix.size(1)}, s.type);
  for_parts(samples, parts, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
    Patches patches(s.shape, s.type);
    for (std::int64_t n = begin; n < end; ++n) {
      const Tensor row = rows[n];
      if (needs_weight) sums[part].addmm_(row, patches.of(x, n).t());
      if (needs_x) patches.add_gradient(matrix, row, result.x, n);
    }
  });
  if (needs_weight) result.weight = sums.sum(0).view(weight.sizes());
  return result;
}

struct ConvolutionByPatches : torch::autograd::Function<ConvolutionByPatches> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight,
                        const c10::intrusive_ptr<PatchSettings>& s) {
    if (s->needs_gradients) {
      context->save_for_backward({s->is_spikes ? x.to(torch::kUInt8) : x, weight});
      context->saved_data["settings"] = c10::IValue::make_capsule(s);
    }
    return forward_of(x, weight, *s);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data.at("settings").toCapsule();
    const auto& s = static_cast<const PatchSettings&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    PatchGradients of = backward_of(saved[0], saved[1], gradients[0].contiguous(),
                                    context->needs_input_grad(0), context->needs_input_grad(1), s);
    return {std::move(of.x), std::move(of.weight), Tensor()};
  }
};

}  // namespace

bool has_patch_convolution(const Tensor& x, const Tensor& weight, const Convolution& convolution) {
  const auto type = x.scalar_type();
  const bool is_float = type == torch::kFloat32 || type == torch::kFloat64;
  return x.is_cpu() && is_float && weight.scalar_type() == type && x.dim() == 5 &&
         convolution.groups == 1 && x.numel() > 0 && weight.numel() > 0;
}

Tensor convolve_patches(const Tensor& x, const Tensor& weight, const Convolution& convolution) {
  const auto settings = c10::make_intrusive<PatchSettings>();
  settings->shape = shape_of(x, weight, convolution);
  settings->type = x.scalar_type();
  settings->is_spikes = convolution.is_spikes;
  settings->needs_gradients =
      torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  return ConvolutionByPatches::apply(x.contiguous(), weight.contiguous(), settings);
}

}  // namespace pare::nn
