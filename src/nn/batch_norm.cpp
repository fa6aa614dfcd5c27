#include "nn/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <torch/torch.h>

#include "base/error.h"
#include "nn/batch_norm_planes.h"

// With u = x - mean and r = 1 / sqrt(variance + epsilon): z = gain r u + shift. Backward, over the
// N rows of a column: d gain = r sum(gz u), d shift = sum(gz), and if the moments are the batch's
//   gx = gain r (gz - sum(gz) / N - r^2 u sum(gz u) / N).
namespace pare::nn {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// What the backward pass needs beside tensors.
struct Settings : torch::CustomClassHolder {
  Follow follow;
  Grid grid;
  bool is_of_batch;  ///< moments are the batch's own
  bool has_gain;
  bool has_shift;
  bool has_log2_range;
  PlaneShape shape;
  std::vector<std::int64_t> log2_range_shape;
  std::vector<float> mean;
  std::vector<double> inverse_deviation;
  Affine affine;
};

/// Calls f with the shape as the kernels want it: vectors of channels are rows of a matrix.
template <class F>
auto with_shape(const PlaneShape& shape, F&& f) {
  if (shape.positions == 1) return f(MatrixShape{shape.samples, shape.channels});
  return f(shape);
}

Moments batch_moments(const float* x, MatrixShape shape) { return column_moments(x, shape); }
Moments batch_moments(const float* x, PlaneShape shape) { return channel_moments(x, shape); }

std::vector<double> to_doubles(const Tensor& vector) {
  const float* from = vector.data_ptr<float>();
  return {from, from + vector.numel()};
}

void update_running(const BatchNorm& norm, const Moments& moments, std::int64_t count) {
  // One value alone has no variance: 0, however it is scaled.
  const double unbiased =
      static_cast<double>(count) / std::max(1.0, static_cast<double>(count - 1));
  float* mean = norm.mean.data_ptr<float>();
  float* variance = norm.variance.data_ptr<float>();
  for (std::size_t c = 0; c < moments.mean.size(); ++c) {
    const auto move = [&](float from, double to) {
      return static_cast<float>((1 - norm.momentum) * static_cast<double>(from) +
                                norm.momentum * to);
    };
    mean[c] = move(mean[c], moments.mean[c]);
    variance[c] = move(variance[c], moments.variance[c] * unbiased);
  }
}

Moments moments_of(const Tensor& x, const BatchNorm& norm, bool is_training, const Settings& s) {
  if (!s.is_of_batch) return {to_doubles(norm.mean), to_doubles(norm.variance)};
  Moments moments =
      with_shape(s.shape, [&](auto shape) { return batch_moments(x.data_ptr<float>(), shape); });
  if (is_training && norm.mean.defined()) {
    update_running(norm, moments, s.shape.samples * s.shape.positions);
  }
  return moments;
}

void set_affine(const BatchNorm& norm, const Moments& moments, Settings& s) {
  const auto columns = static_cast<std::size_t>(s.shape.channels);
  const float* gain = s.has_gain ? norm.gain.data_ptr<float>() : nullptr;
  const float* shift = s.has_shift ? norm.shift.data_ptr<float>() : nullptr;
  s.mean.assign(moments.mean.begin(), moments.mean.end());
  for (std::size_t c = 0; c < columns; ++c) {
    const double inverse = 1 / std::sqrt(moments.variance[c] + norm.epsilon);
    const double slope = gain == nullptr ? inverse : inverse * static_cast<double>(gain[c]);
    const double start = shift == nullptr ? 0 : static_cast<double>(shift[c]);
    s.inverse_deviation.push_back(inverse);
    s.affine.gain.push_back(static_cast<float>(slope));
    s.affine.shift.push_back(static_cast<float>(start - moments.mean[c] * slope));
  }
}

InputGradient input_gradient(const Settings& s, const GradientSums& sums) {
  InputGradient terms{.gain = s.affine.gain, .mean = s.mean, .slope = {}, .offset = {}};
  const auto count = static_cast<double>(s.shape.samples * s.shape.positions);
  for (std::size_t c = 0; c < s.mean.size(); ++c) {
    const double gain = static_cast<double>(s.affine.gain[c]);
    const double inverse = s.inverse_deviation[c];
    const double factor = s.is_of_batch ? gain / count : 0;
    terms.slope.push_back(static_cast<float>(-factor * inverse * inverse * sums.gz_centred[c]));
    terms.offset.push_back(static_cast<float>(-factor * sums.gz[c]));
  }
  return terms;
}

Tensor float_tensor(const std::vector<double>& values) {
  Tensor result = torch::empty({static_cast<std::int64_t>(values.size())}, torch::kFloat32);
  float* to = result.data_ptr<float>();
  for (std::size_t i = 0; i < values.size(); ++i) to[i] = static_cast<float>(values[i]);
  return result;
}

/// `norm` arrives in saved data of the forward pass only: its tensors are listed for autograd.
struct FusedBatchNorm : torch::autograd::Function<FusedBatchNorm> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& /*gain*/,
                        const Tensor& /*shift*/, const Tensor& log2_range,
                        const c10::intrusive_ptr<Settings>& s, const BatchNorm* norm,
                        bool is_training) {
    set_affine(*norm, moments_of(x, *norm, is_training, *s), *s);
    s->has_log2_range = log2_range.requires_grad();
    s->log2_range_shape = log2_range.sizes().vec();
    Tensor y = torch::empty_like(x);
    with_shape(s->shape, [&](auto shape) {
      normalise(x.data_ptr<float>(), shape, s->affine, s->follow, s->grid, y.data_ptr<float>());
    });
    context->save_for_backward({x, y});
    context->saved_data["settings"] = c10::IValue::make_capsule(s);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data.at("settings").toCapsule();
    const Settings& s = static_cast<const Settings&>(*capsule);
    const variable_list saved = context->get_saved_variables();
    const float* x = saved[0].data_ptr<float>();
    const Tensor g = gradients[0].contiguous();
    Tensor gx = torch::empty_like(g);
    GradientSums sums = with_shape(s.shape, [&](auto shape) {
      GradientSums of =
          gradients_of_normalised(x, saved[1].data_ptr<float>(), g.data_ptr<float>(), shape,
                                  s.affine, s.mean, s.follow, s.grid, gx.data_ptr<float>());
      gradients_of_input(x, shape, input_gradient(s, of), gx.data_ptr<float>());
      return of;
    });
    for (std::size_t c = 0; c < s.mean.size(); ++c) sums.gz_centred[c] *= s.inverse_deviation[c];
    return {
        gx,
        s.has_gain ? float_tensor(sums.gz_centred) : Tensor(),
        s.has_shift ? float_tensor(sums.gz) : Tensor(),
        s.has_log2_range ? torch::full(s.log2_range_shape, sums.range, torch::kFloat32) : Tensor(),
        Tensor(),
        Tensor(),
        Tensor()};
  }
};

Tensor batch_norm_by_aten(const Tensor& x, const BatchNorm& norm, const Tail& tail,
                          bool is_training) {
  const bool is_of_batch = is_training || !norm.mean.defined();
  const Tensor y = torch::batch_norm(x, norm.gain, norm.shift, norm.mean, norm.variance,
                                     is_of_batch, norm.momentum, norm.epsilon, false);
  switch (tail.follow) {
    case Follow::kNothing:
      return y;
    case Follow::kRelu:
      return y.relu();
    case Follow::kReluQuantize:
      return fake_quantize(y, tail.log2_range, tail.grids, {1, 1, y.numel()}, tail.quantizer,
                           Path::kAten);
  }
  return y;
}

}  // namespace

Path fastest_path(const Tensor& x, const Tail& tail) {
  const bool is_plain = x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.dim() >= 2 &&
                        x.is_contiguous() && x.numel() > 0;
  if (!is_plain || tail.grids.size() > 1) return Path::kAten;
  if (tail.follow != Follow::kReluQuantize) return Path::kKernels;
  return fastest_path(x, tail.grids, {1, 1, x.numel()}, tail.quantizer);
}

Tensor batch_norm(const Tensor& x, const BatchNorm& norm, const Tail& tail, bool is_training,
                  Path path) {
  if (path == Path::kAten) return batch_norm_by_aten(x, norm, tail, is_training);
  check(tail.follow != Follow::kReluQuantize || tail.grids.size() == 1, "a tail without a grid");
  const auto settings = c10::make_intrusive<Settings>();
  settings->follow = tail.follow;
  if (!tail.grids.empty()) settings->grid = tail.grids.front();
  settings->is_of_batch = is_training || !norm.mean.defined();
  settings->has_gain = norm.gain.defined();
  settings->has_shift = norm.shift.defined();
  settings->shape = {x.size(0), x.size(1), x.numel() / (x.size(0) * x.size(1))};
  const Tensor none = torch::empty({0});
  const auto or_none = [&](const Tensor& tensor) { return tensor.defined() ? tensor : none; };
  return FusedBatchNorm::apply(x, or_none(norm.gain), or_none(norm.shift), or_none(tail.log2_range),
                               settings, &norm, is_training);
}

}  // namespace pare::nn
