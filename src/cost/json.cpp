#include "cost/json.h"

namespace pare::cost {
namespace {

nlohmann::json to_json(const LayerCost& layer) {
  return {{"layer", layer.layer},
          {"inputs", layer.inputs},
          {"outputs", layer.outputs},
          {"positions", layer.positions},
          {"input_bits", layer.input_bits},
          {"weight_bits", layer.weights.bits},
          {"bias_bits", layer.biases.bits},
          {"weights", layer.weights.count},
          {"nonzero_weights", layer.weights.nonzero},
          {"nonzero_weights_after_quantization", layer.weights.nonzero_quantized},
          {"biases", layer.biases.count},
          {"nonzero_biases", layer.biases.nonzero},
          {"nonzero_biases_after_quantization", layer.biases.nonzero_quantized},
          {"macs", layer.macs},
          {"nonzero_macs", layer.nonzero_macs},
          {"bops", layer.bops}};
}

nlohmann::json to_json(const Total& total) {
  return {{"parameters", total.parameters()},
          {"weights", total.weights},
          {"nonzero_weights", total.nonzero_weights},
          {"nonzero_weights_after_quantization", total.nonzero_weights_quantized},
          {"sparsity", total.sparsity()},
          {"biases", total.biases},
          {"nonzero_biases", total.nonzero_biases},
          {"nonzero_biases_after_quantization", total.nonzero_biases_quantized},
          {"model_bits_dense", total.dense_bits},
          {"model_bits_nonzero", total.nonzero_bits},
          {"batch_norm_elements", total.batch_norm},
          {"macs", total.macs},
          {"nonzero_macs", total.nonzero_macs},
          {"bops", total.bops}};
}

}  // namespace

std::string_view name_of(InputBits input_bits) {
  return input_bits == InputBits::kFloat ? "32" : "real";
}

std::string_view name_of(AliveCounting counting) {
  return counting == AliveCounting::kWeights ? "weights" : "repository";
}

nlohmann::json to_json(const Report& report) {
  nlohmann::json layers = nlohmann::json::array();
  for (const LayerCost& layer : report.layers) layers.push_back(to_json(layer));
  return {{"assumptions",
           {{"input_bits", name_of(report.options.input_bits)},
            {"counting", name_of(report.options.counting)}}},
          {"layers", std::move(layers)},
          {"total", to_json(report.total)}};
}

}  // namespace pare::cost
