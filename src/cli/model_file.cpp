#include "cli/model_file.h"

#include "interop/onnx_import.h"

namespace pare::cli {

model::Model load_model(const std::string& path) {
  if (interop::is_onnx_path(path)) return {.graph = interop::import_onnx(path).graph};
  return model::load(path);
}

}  // namespace pare::cli
