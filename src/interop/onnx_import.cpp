#include "interop/onnx_import.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "base/file.h"
#include "interop/onnx_file.h"
#include "interop/onnx_translator.h"

namespace pare::interop {
namespace {

/// Where quantizers of QONNX are defined; files by older exporters name the first two.
constexpr std::array<std::string_view, 3> kQonnxDomains = {
    "onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.general"};

}  // namespace

OnnxTranslator::Rule OnnxTranslator::find_rule(const OnnxNode& node) {
  using T = OnnxTranslator;
  struct Operator {
    std::string_view type;
    Rule rule;
  };
  static constexpr std::array kQonnx = {
      Operator{"BipolarQuant", &T::bipolar_quant},
      Operator{"IntQuant", &T::quant},
      Operator{"Quant", &T::quant},
      Operator{"Trunc", &T::trunc},
  };
  static constexpr std::array kOnnx = {
      Operator{"Add", &T::add},
      Operator{"AveragePool", &T::average_pool},
      Operator{"BatchNormalization", &T::batch_norm},
      Operator{"Cast", &T::cast},
      Operator{"Clip", &T::clip},
      Operator{"Concat", &T::concat},
      Operator{"Constant", &T::constant},
      Operator{"Conv", &T::conv},
      Operator{"DepthToSpace", &T::depth_to_space},
      Operator{"DequantizeLinear", &T::dequantize_linear},
      Operator{"Div", &T::divide},
      Operator{"Dropout", &T::dropout},
      Operator{"Flatten", &T::flatten},
      Operator{"Gather", &T::gather},
      Operator{"Gemm", &T::gemm},
      Operator{"GlobalAveragePool", &T::global_average_pool},
      Operator{"GlobalMaxPool", &T::global_max_pool},
      Operator{"Identity", &T::identity},
      Operator{"LeakyRelu", &T::leaky_relu},
      Operator{"MatMul", &T::mat_mul},
      Operator{"MaxPool", &T::max_pool},
      Operator{"Mul", &T::multiply},
      Operator{"Pad", &T::pad},
      Operator{"Pow", &T::power},
      Operator{"QLinearConv", &T::q_linear_conv},
      Operator{"QLinearMatMul", &T::q_linear_mat_mul},
      Operator{"QuantizeLinear", &T::quantize_linear},
      Operator{"Relu", &T::relu},
      Operator{"Reshape", &T::reshape},
      Operator{"Shape", &T::shape},
      Operator{"Sigmoid", &T::sigmoid},
      Operator{"Softmax", &T::softmax},
      Operator{"Squeeze", &T::squeeze},
      Operator{"Sub", &T::subtract},
      Operator{"Tanh", &T::tanh},
      Operator{"Transpose", &T::transpose},
      Operator{"Unsqueeze", &T::unsqueeze},
  };
  const auto find = [&](const auto& table) -> Rule {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const Operator& known) { return known.type == node.type; });
    return found == table.end() ? nullptr : found->rule;
  };
  if (node.domain.empty()) return find(kOnnx);
  const bool is_qonnx =
      std::find(kQonnxDomains.begin(), kQonnxDomains.end(), node.domain) != kQonnxDomains.end();
  return is_qonnx ? find(kQonnx) : nullptr;
}

Imported import_onnx(std::span<const std::byte> bytes, const std::string& origin,
                     const std::string& folder, const ImportOptions& options) {
  return OnnxTranslator(parse_onnx(bytes, origin, folder), origin, options).run();
}

Imported import_onnx(const std::string& path, const ImportOptions& options) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return import_onnx(read_file(path), path, folder, options);
}

bool is_onnx_path(const std::string& path) { return path.ends_with(".onnx"); }

}  // namespace pare::interop
