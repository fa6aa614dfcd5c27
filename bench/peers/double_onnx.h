#pragma once

#include <onnx/onnx_pb.h>

namespace pare::bench {

/// The same network with all that lies between QONNX's quantizers computed in double; quantizers,
/// which are defined in float32, the input and the outputs stay as they are. Convolutions, which
/// runtimes have in float32 alone, become a product of matrices for each tap of their kernel,
/// summed up in double. Opset 11 or newer is needed to run it. Throws InputError for convolutions
/// of groups, without `kernel_shape`, or with an `auto_pad` other than SAME_UPPER of stride 1.
onnx::ModelProto in_double(const onnx::ModelProto& model);

}  // namespace pare::bench
