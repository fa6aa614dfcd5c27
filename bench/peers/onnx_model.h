#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plain_net.h"

namespace pare::bench {

/// How a linear layer stands in the float model. The runtime fuses ReLU into either.
enum class FloatForm {
  kGemm,    ///< Gemm with the weight as [inputs, outputs]
  kMatMul,  ///< MatMul and Add
};

/// The network as an ONNX file (opset 13): one input "x" [batch, …], one output "y".
std::vector<std::byte> float_onnx(const PlainNet& net, std::int64_t batch, FloatForm form);

/// The network as int8 in the form that runtimes fuse (QDQ): the input s8 in u8 codes around 128,
/// activations u8 from 0, poolings and flattening between them, weights s8 and biases s32, one
/// scale a tensor, each range from its largest magnitude; the last layer's sums leave as float.
/// `largest`: of what enters each layer (calibrate).
std::vector<std::byte> qdq_onnx(const PlainNet& net, std::span<const float> largest,
                                std::int64_t batch);

}  // namespace pare::bench
