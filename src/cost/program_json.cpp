#include "cost/program_json.h"

namespace pare::cost {
namespace {

nlohmann::json to_json(const Energy& energy) {
  return {{"arithmetic", energy.arithmetic},
          {"constants", energy.constants},
          {"activations", energy.activations},
          {"total", energy.total()},
          {"total_up_to", energy.total_up_to()}};
}

nlohmann::json to_json(const Traffic& traffic) {
  return {{"constant_bits", traffic.constant_bits},
          {"nonzero_constant_bits", traffic.nonzero_constant_bits},
          {"activation_bits", traffic.activation_bits}};
}

nlohmann::json to_json(const OpCost& cost) {
  nlohmann::json operations = nlohmann::json::array();
  for (const Operations& of_width : cost.operations) {
    operations.push_back({{"kind", of_width.kind == OperationKind::kAdd ? "add" : "multiply"},
                          {"bits", of_width.bits},
                          {"nonzero", of_width.count},
                          {"dense", of_width.dense}});
  }
  return {{"op", cost.op},
          {"kind", cost.kind},
          {"runs", cost.runs},
          {"macs", cost.macs},
          {"nonzero_macs", cost.nonzero_macs},
          {"multiplications", cost.multiplications},
          {"additions", cost.additions},
          {"operations", std::move(operations)},
          {"traffic", to_json(cost.traffic)},
          {"picojoules_dense", to_json(cost.dense)},
          {"picojoules_nonzero", to_json(cost.nonzero)}};
}

nlohmann::json to_json(const MemoryUse& memory) {
  return {{"weight_bits_dense", memory.weight_bits},
          {"weight_bits_nonzero", memory.nonzero_weight_bits},
          {"weight_bytes", memory.weight_bytes},
          {"constant_bits_dense", memory.constant_bits},
          {"constant_bits_nonzero", memory.nonzero_constant_bits},
          {"constant_bytes", memory.constant_bytes},
          {"peak_activation_bits", memory.peak_activation_bits},
          {"peak_activation_bytes", memory.peak_activation_bytes}};
}

}  // namespace

nlohmann::json to_json(const ProgramReport& report) {
  nlohmann::json ops = nlohmann::json::array();
  for (const OpCost& cost : report.ops) ops.push_back(to_json(cost));
  const ProgramTotal& total = report.total;
  return {{"assumptions",
           {{"hardware", report.hardware.name},
            {"source", report.hardware.source},
            {"trip_counts", report.trip_counts},
            {"constants_in_dense", report.dense_constants_memory.name},
            {"constants_in_nonzero", report.nonzero_constants_memory.name},
            {"activations_in", report.activations_memory.name}}},
          {"ops", std::move(ops)},
          {"total",
           {{"memory", to_json(total.memory)},
            {"macs", total.macs},
            {"nonzero_macs", total.nonzero_macs},
            {"multiplications", total.multiplications},
            {"additions", total.additions},
            {"traffic", to_json(total.traffic)},
            {"picojoules_dense", to_json(total.dense)},
            {"picojoules_nonzero", to_json(total.nonzero)},
            {"picojoules_float_macs", total.float_macs_picojoules}}}};
}

}  // namespace pare::cost
