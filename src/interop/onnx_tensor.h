#pragma once

#include <string>

#include <onnx/onnx_pb.h>

#include "base/tensor.h"

namespace pare::interop {

/// The numbers of a TensorProto. `who` names it in messages, `folder` is where files of external
/// data lie. Throws InputError as parse_onnx (interop/onnx_file.h).
Tensor decode_tensor(const onnx::TensorProto& tensor, const std::string& who,
                     const std::string& folder);

}  // namespace pare::interop
