// Weights and biases, each with its quantizer where the form has one.

#include <fmt/format.h>

#include "base/error.h"
#include "interop/onnx_exporter.h"

namespace pare::interop {

std::vector<float> OnnxExporter::steps_for(const graph::Parameter& parameter) const {
  if (parameter.role != graph::Role::kBias) return {};
  return accumulator_steps(graph_, *node_, wires_);
}

std::string OnnxExporter::once(const graph::Parameter& parameter,
                               const std::function<std::string()>& write) {
  const auto known = written_.find(parameter.name);
  if (known != written_.end()) return known->second;
  return written_[parameter.name] = write();
}

std::string OnnxExporter::plain(graph::ParameterId id) {
  const graph::Parameter& parameter = graph_.parameter(id);
  return once(parameter, [&] {
    return writer_.constant(parameter.name, value_of(graph_, parameter, steps_for(parameter)));
  });
}

std::string OnnxExporter::parameter(graph::ParameterId id) {
  const graph::Parameter& parameter = graph_.parameter(id);
  if (!parameter.quantizer || form_ == OnnxForm::kFloat) return plain(id);
  const QuantizerPlan plan = plan_of(*parameter.quantizer, masked(parameter), steps_for(parameter));
  const bool is_dense = std::holds_alternative<graph::Dense>(parameter.structure);
  if (!is_dense && plan.codec.num_groups() != 1) {
    fail(fmt::format("'{}' has a structure and several scales", parameter.name));
  }
  const bool is_plain =
      form_ == OnnxForm::kQdq && !plan.fits_bytes() && parameter.role != graph::Role::kBias;
  if (is_plain) return plain(id);
  return once(parameter, [&] {
    return form_ == OnnxForm::kQonnx ? qonnx_parameter(parameter, plan)
                                     : qdq_parameter(parameter, plan);
  });
}

std::string OnnxExporter::qonnx_parameter(const graph::Parameter& parameter,
                                          const QuantizerPlan& plan) {
  const bool is_on_sums = parameter.quantizer->range_rule == graph::RangeRule::kAccumulator;
  // What is on its grid already has its codes whatever the reader's arithmetic is.
  const Tensor values = is_on_sums ? masked(parameter) : value_of(graph_, parameter);
  const std::string quantized = parameter.name + ".quantized";
  qonnx(plan, parameter.name + ".quant", writer_.constant(parameter.name, values), quantized,
        along(values.rank(), 0, plan.codec.num_groups()));
  return quantized;
}

std::string OnnxExporter::qdq_parameter(const graph::Parameter& parameter,
                                        const QuantizerPlan& plan) {
  const Tensor codes =
      graph::expand(codes_of(graph_, parameter, steps_for(parameter)), parameter.structure);
  const bool is_bias = parameter.role == graph::Role::kBias;
  const DType dtype = is_bias ? DType::kI32 : plan.byte_type();
  const std::vector<float> scales = plan.steps();
  const auto channels = static_cast<std::int64_t>(scales.size());
  if (channels != 1 && channels != codes.dim(0)) fail("a scale an element has no form in ONNX");
  const std::string& name = parameter.name;
  const std::string values =
      writer_.node("DequantizeLinear", name + ".dequantize",
                   {writer_.constant(name, codes.to(dtype)),
                    writer_.constant(name + ".scale", list_of(scales, {channels})),
                    writer_.constant(name + ".zero", list_of(plan.zeros(), {channels}).to(dtype))},
                   name + ".dequantized");
  writer_.with("axis", std::int64_t{0});
  remember(name + ".dequantize", plan);
  return values;
}

}  // namespace pare::interop
