#include "cost/program_cost.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "cost/lifetimes.h"

namespace pare::cost {
namespace {

constexpr std::int64_t kMaxTripCount = std::int64_t{1} << 20;
/// Doubles and JSON readers count exactly up to here.
constexpr std::int64_t kMaxOperations = std::int64_t{1} << 53;

std::vector<std::int64_t> checked(const program::Program& program,
                                  std::vector<std::int64_t> trip_counts) {
  if (trip_counts.empty()) trip_counts.assign(program.trip_counts.size(), 1);
  if (trip_counts.size() != program.trip_counts.size()) {
    throw InputError(fmt::format("program '{}': {} trip counts, expected {}", program.name,
                                 trip_counts.size(), program.trip_counts.size()));
  }
  for (std::size_t i = 0; i < trip_counts.size(); ++i) {
    if (trip_counts[i] >= 0 && trip_counts[i] <= kMaxTripCount) continue;
    throw InputError(fmt::format("trip count '{}' is {}, expected 0 … {}", program.trip_counts[i],
                                 trip_counts[i], kMaxTripCount));
  }
  return trip_counts;
}

/// Throws if it is more than can be counted.
std::int64_t times(std::int64_t count, std::int64_t runs, const std::string& op) {
  if (runs == 0 || count <= kMaxOperations / runs) return count * runs;
  throw InputError(
      fmt::format("'{}': {} operations or bits at each of {} steps, too many to count (2^53)", op,
                  count, runs));
}

OpCost cost_of(const program::Program& program, const program::Node& node, std::int64_t runs,
               const Storage& storage) {
  OpCost cost;
  cost.op = program.buffer(node.outputs.front()).name;
  cost.kind = program::kind_of(node.op);
  cost.runs = runs;
  OpWork work = work_of(program, node);
  cost.macs = times(work.macs, runs, cost.op);
  cost.nonzero_macs = times(work.nonzero_macs, runs, cost.op);
  for (Operations& operations : work.operations) {
    operations.dense = times(operations.dense, runs, cost.op);
    operations.count = times(operations.count, runs, cost.op);
    (operations.kind == OperationKind::kMultiply ? cost.multiplications : cost.additions) +=
        operations.count;
  }
  cost.operations = std::move(work.operations);
  const Traffic traffic = traffic_of(program, node, storage);
  cost.traffic.constant_bits = times(traffic.constant_bits, runs, cost.op);
  cost.traffic.nonzero_constant_bits = times(traffic.nonzero_constant_bits, runs, cost.op);
  cost.traffic.activation_bits = times(traffic.activation_bits, runs, cost.op);
  return cost;
}

/// The constants that ops use, each once.
MemoryUse memory_of(const program::Program& program, const Storage& storage) {
  MemoryUse memory;
  memory.peak_activation_bits = storage.peak_bits;
  memory.peak_activation_bytes = storage.peak_bytes;
  std::vector<bool> is_weight(program.constants.size());
  std::vector<bool> is_bias(program.constants.size());
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const auto layer = layer_constants(node.op);
      if (!layer) continue;
      is_weight[layer->weight.value] = true;
      if (layer->bias) is_bias[layer->bias->value] = true;
    }
  }
  for (std::size_t i = 0; i < program.constants.size(); ++i) {
    const program::Constant& constant = program.constants[i];
    const std::int64_t bits = dense_bits(constant);
    const std::int64_t bytes =
        static_cast<std::int64_t>(constant.values.size()) * bytes_of_element(constant.width.bits);
    const bool skips_zeros = is_weight[i] || is_bias[i];
    memory.constant_bits += bits;
    memory.constant_bytes += bytes;
    memory.nonzero_constant_bits += skips_zeros ? nonzero_bits(constant) : bits;
    if (!is_weight[i]) continue;
    memory.weight_bits += bits;
    memory.weight_bytes += bytes;
    memory.nonzero_weight_bits += nonzero_bits(constant);
  }
  return memory;
}

double accesses(const Memory& memory, std::int64_t bits) {
  return static_cast<double>(bits) / memory.access_bits;
}

Energy energy_of(const ProgramReport& report, const OpCost& cost, bool is_dense) {
  Energy energy;
  for (const Operations& operations : cost.operations) {
    const EnergyCurve& curve = operations.kind == OperationKind::kAdd
                                   ? report.hardware.integer_add
                                   : report.hardware.integer_multiply;
    const std::int64_t count = is_dense ? operations.dense : operations.count;
    energy.arithmetic += static_cast<double>(count) * curve.at(operations.bits);
  }
  const Memory& constants =
      is_dense ? report.dense_constants_memory : report.nonzero_constants_memory;
  const double reads = accesses(
      constants, is_dense ? cost.traffic.constant_bits : cost.traffic.nonzero_constant_bits);
  const double moves = accesses(report.activations_memory, cost.traffic.activation_bits);
  energy.constants = reads * constants.picojoules;
  energy.constants_up_to = reads * constants.up_to;
  energy.activations = moves * report.activations_memory.picojoules;
  energy.activations_up_to = moves * report.activations_memory.up_to;
  return energy;
}

void add(Energy& total, const Energy& energy) {
  total.arithmetic += energy.arithmetic;
  total.constants += energy.constants;
  total.activations += energy.activations;
  total.constants_up_to += energy.constants_up_to;
  total.activations_up_to += energy.activations_up_to;
}

void add(ProgramTotal& total, const OpCost& cost) {
  total.macs += cost.macs;
  total.nonzero_macs += cost.nonzero_macs;
  total.multiplications += cost.multiplications;
  total.additions += cost.additions;
  total.traffic.constant_bits += cost.traffic.constant_bits;
  total.traffic.nonzero_constant_bits += cost.traffic.nonzero_constant_bits;
  total.traffic.activation_bits += cost.traffic.activation_bits;
  add(total.dense, cost.dense);
  add(total.nonzero, cost.nonzero);
  const Traffic& traffic = total.traffic;
  if (std::max({total.macs, total.multiplications, total.additions, traffic.constant_bits,
                traffic.activation_bits}) > kMaxOperations) {
    throw InputError(
        fmt::format("up to '{}' the program does more than {} operations a sample, "
                    "too many to count",
                    cost.op, kMaxOperations));
  }
}

}  // namespace

ProgramReport estimate(const program::Program& program, const Hardware& hardware,
                       std::vector<std::int64_t> trip_counts) {
  ProgramReport report;
  report.hardware = hardware;
  report.trip_counts = checked(program, std::move(trip_counts));
  const Storage storage = analyse_storage(program, report.trip_counts);
  const MemoryUse memory = memory_of(program, storage);
  report.total.memory = memory;
  report.dense_constants_memory = memory_for(hardware, memory.constant_bits);
  report.nonzero_constants_memory = memory_for(hardware, memory.nonzero_constant_bits);
  report.activations_memory = memory_for(hardware, memory.peak_activation_bits);
  for (const program::Section& section : program.sections) {
    const std::int64_t runs = section.kind == program::SectionKind::kOnce
                                  ? 1
                                  : report.trip_counts[section.trip_count.value];
    for (const program::Node& node : section.nodes) {
      OpCost cost = cost_of(program, node, runs, storage);
      cost.dense = energy_of(report, cost, true);
      cost.nonzero = energy_of(report, cost, false);
      add(report.total, cost);
      report.ops.push_back(std::move(cost));
    }
  }
  report.total.float_macs_picojoules = static_cast<double>(report.total.macs) *
                                       (hardware.float_multiply.at(32) + hardware.float_add.at(32));
  return report;
}

}  // namespace pare::cost
