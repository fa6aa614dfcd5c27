#include "nn/spike_gpu.h"

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/torch.h>

#include "nn/spike_cuda.h"

namespace pare::nn {
namespace {

using torch::Tensor;

float* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
}

/// The sum of a number [samples, channels, positions] of each neuron, for all or for each channel.
Tensor sum_of_neurons(const Tensor& numbers, const OfChannels& like) {
  constexpr std::int64_t kOthers[] = {0, 2};
  const Tensor sum = like.stride == 0 ? numbers.sum(torch::kFloat64).view({1})
                                      : numbers.sum(kOthers, false, torch::kFloat64);
  return sum.to(torch::kFloat32);
}

}  // namespace

void spike_forward_on_gpu(const SpikeLayer& layer, const Tensor& current, const Tensor& spikes,
                          const Tensor& kept) {
  const c10::cuda::CUDAGuard guard(current.device());
  spike_forward_cuda(layer, current.data_ptr<float>(), spikes.data_ptr<float>(), data_or_null(kept),
                     c10::cuda::getCurrentCUDAStream().stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

std::pair<Tensor, Tensor> spike_backward_on_gpu(const SpikeLayer& layer, const Tensor& current,
                                                const Tensor& kept, const Tensor& g,
                                                const Tensor& gx) {
  const c10::cuda::CUDAGuard guard(current.device());
  const Tensor sums = torch::empty(
      {2, layer.shape.samples, layer.shape.channels, layer.shape.positions}, current.options());
  spike_backward_cuda(layer, current.data_ptr<float>(), kept.data_ptr<float>(), g.data_ptr<float>(),
                      gx.data_ptr<float>(), sums.data_ptr<float>(),
                      c10::cuda::getCurrentCUDAStream().stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return {sum_of_neurons(sums[0], layer.threshold), sum_of_neurons(sums[1], layer.leak)};
}

}  // namespace pare::nn
