#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <torch/torch.h>

#include "base/error.h"

// On the CPU in float32 one pass computes the loss and its gradient together. With p the softmax
// and l the label:
//   cross entropy: d/dz_k = p_k - [k = l];
//   binary cross entropy: the sum over the classes of one sample has
//     d/dz_k = p_k - [k = l] + [k != l] p_k - p_k sum_{j != k, l} p_j / (1 - p_j),
//   from d -log(1 - p_j) / dz_k = p_j / (1 - p_j) ([j = k] - p_k).
namespace pare::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Loss of one sample; writes the gradient of its logits.
double cross_entropy_of(std::span<const float> logits, std::size_t label,
                        std::span<float> gradient) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    gradient[k] = std::exp(logits[k] - largest);
    sum += gradient[k];
  }
  for (float& p : gradient) p /= sum;
  gradient[label] -= 1;
  return static_cast<double>(std::log(sum) - (logits[label] - largest));
}

/// log of a sum of exponentials of all logits but one (`without` = size: of all).
double log_sum_without(std::span<const float> logits, std::size_t without) {
  double largest = -HUGE_VAL;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    if (k != without) largest = std::max(largest, static_cast<double>(logits[k]));
  }
  double sum = 0;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    if (k != without) sum += std::exp(static_cast<double>(logits[k]) - largest);
  }
  return largest + std::log(sum);
}

/// Only the largest class can have a 1 - p that cancels: its logarithm is that of the sum of the
/// others.
double binary_cross_entropy_of(std::span<const float> logits, std::size_t label,
                               std::span<float> gradient) {
  const std::size_t size = logits.size();
  const auto top =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  const double log_sum = log_sum_without(logits, size);
  const double log_rest = log_sum_without(logits, top);
  const double top_p = std::exp(static_cast<double>(logits[top]) - log_sum);
  double loss = log_sum - static_cast<double>(logits[label]);
  double odds = 0;  // of all classes but the label and the largest
  for (std::size_t k = 0; k < size; ++k) {
    const double p = std::exp(static_cast<double>(logits[k]) - log_sum);
    gradient[k] = static_cast<float>(p);
    if (k == label) continue;
    loss -= k == top ? log_rest - log_sum : std::log1p(-p);
    if (k != top) odds += p / (1 - p);
  }
  for (std::size_t k = 0; k < size; ++k) {
    const double p = static_cast<double>(gradient[k]);
    double g = k == label ? p - 1 : 2 * p;
    const bool is_in_odds = k != label && k != top;
    g -= p * (odds - (is_in_odds ? p / (1 - p) : 0));
    // p_k p_top / (1 - p_top) = exp(z_k - log_rest) p_top
    if (top != label && k != top) g -= std::exp(static_cast<double>(logits[k]) - log_rest) * top_p;
    gradient[k] = static_cast<float>(g);
  }
  return loss;
}

/// -log of the logistic function of +logit (label 1) or -logit (label 0).
double logistic_loss_of(std::span<const float> logits, std::size_t label,
                        std::span<float> gradient) {
  const double z = static_cast<double>(logits[0]);
  const double target = static_cast<double>(label);
  gradient[0] = static_cast<float>(1 / (1 + std::exp(-z)) - target);
  return std::max(z, 0.0) - z * target + std::log1p(std::exp(-std::abs(z)));
}

struct FusedLoss : torch::autograd::Function<FusedLoss> {
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& labels,
                        recipe::Loss kind) {
    const std::int64_t rows = logits.size(0);
    const std::int64_t columns = logits.size(1);
    const auto classes = static_cast<std::size_t>(columns);
    const std::int64_t* label = labels.data_ptr<std::int64_t>();
    Tensor gradient = torch::empty_like(logits);
    double sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::span<const float> z{logits.data_ptr<float>() + row * columns, classes};
      const std::span<float> g{gradient.data_ptr<float>() + row * columns, classes};
      const auto l = static_cast<std::size_t>(label[row]);
      check(l < std::max<std::size_t>(classes, 2), "a label outside the classes");
      if (kind == recipe::Loss::kCrossEntropy) {
        sum += cross_entropy_of(z, l, g);
      } else {
        sum += classes == 1 ? logistic_loss_of(z, l, g) : binary_cross_entropy_of(z, l, g);
      }
    }
    const bool is_per_class = kind == recipe::Loss::kBinaryCrossEntropy;
    const auto terms = static_cast<double>(is_per_class ? rows * columns : rows);
    context->save_for_backward({gradient});
    context->saved_data["terms"] = terms;
    return torch::full({}, sum / terms, torch::kFloat32);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const double terms = context->saved_data.at("terms").toDouble();
    const Tensor gradient = context->get_saved_variables().front();
    return {gradient * (gradients[0].item<double>() / terms), Tensor(), Tensor()};
  }
};

/// The same in tensor operations.
Tensor binary_cross_entropy_by_aten(const Tensor& logits, const Tensor& labels) {
  if (logits.size(1) == 1) {
    return torch::binary_cross_entropy_with_logits(logits.squeeze(1),
                                                   labels.to(logits.scalar_type()));
  }
  const Tensor is_label = torch::one_hot(labels, logits.size(1)).to(torch::kBool);
  const Tensor log_p = logits.log_softmax(1);
  const Tensor top = logits.detach().argmax(1, true);
  const Tensor is_top = torch::zeros_like(is_label).scatter(1, top, true);
  const Tensor log_rest = logits.masked_fill(is_top, -HUGE_VAL).logsumexp(1, true);
  const Tensor log_not_top = log_rest - logits.logsumexp(1, true);
  // Masked before the logarithm: its slope at p = 1 would make 0 times infinity.
  const Tensor log_not = torch::log1p(-log_p.exp().masked_fill(is_top, 0));
  const Tensor log_not_p = torch::where(is_top, log_not_top, log_not);
  return -torch::where(is_label, log_p, log_not_p).mean();
}

}  // namespace

Tensor loss(recipe::Loss kind, const Tensor& logits, const Tensor& labels) {
  check(logits.dim() == 2 && labels.dim() == 1 && logits.size(0) == labels.size(0) &&
            logits.size(0) > 0,
        "loss: logits [N, C] and labels [N] expected");
  const bool is_plain = logits.is_cpu() && logits.scalar_type() == torch::kFloat32 &&
                        labels.scalar_type() == torch::kInt64;
  const bool has_kernel =
      is_plain && (kind == recipe::Loss::kBinaryCrossEntropy || logits.size(1) > 1);
  if (has_kernel) return FusedLoss::apply(logits.contiguous(), labels.contiguous(), kind);
  switch (kind) {
    case recipe::Loss::kCrossEntropy:
      return torch::cross_entropy_loss(logits, labels);
    case recipe::Loss::kBinaryCrossEntropy:
      return binary_cross_entropy_by_aten(logits, labels);
  }
  return {};
}

}  // namespace pare::train
