#include "train/tensors.h"

#include <array>
#include <cstring>
#include <utility>

#include <torch/torch.h>

namespace pare::train {
namespace {

constexpr std::array<std::pair<DType, torch::ScalarType>, 8> kTypes = {
    {{DType::kBool, torch::kBool},
     {DType::kU8, torch::kUInt8},
     {DType::kI8, torch::kInt8},
     {DType::kI16, torch::kInt16},
     {DType::kI32, torch::kInt32},
     {DType::kI64, torch::kInt64},
     {DType::kF32, torch::kFloat32},
     {DType::kF64, torch::kFloat64}}};

}  // namespace

torch::Tensor to_torch(const Tensor& tensor) {
  for (const auto& [plain, torch_type] : kTypes) {
    if (plain != tensor.dtype()) continue;
    torch::Tensor result = torch::empty(tensor.shape(), torch_type);
    const auto bytes = tensor.bytes();
    if (!bytes.empty()) std::memcpy(result.data_ptr(), bytes.data(), bytes.size());
    return result;
  }
  throw_internal("to_torch: torch has no such type", __FILE__, __LINE__);
}

Tensor to_plain(const torch::Tensor& tensor) {
  const torch::Tensor source = tensor.detach().to(torch::kCPU).contiguous();
  for (const auto& [plain, torch_type] : kTypes) {
    if (torch_type != source.scalar_type()) continue;
    Tensor result(plain, source.sizes().vec());
    const auto bytes = result.bytes();
    if (!bytes.empty()) std::memcpy(bytes.data(), source.data_ptr(), bytes.size());
    return result;
  }
  throw_internal("to_plain: no such type", __FILE__, __LINE__);
}

}  // namespace pare::train
