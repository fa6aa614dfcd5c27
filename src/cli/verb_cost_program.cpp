#include "cli/verb_cost_program.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/table.h"

namespace pare::cli {
namespace {

/// pJ, in the unit that leaves few digits.
std::string energy(double picojoules) {
  if (picojoules < 1e4) return fmt::format("{} pJ", grouped(picojoules, 1));
  if (picojoules < 1e7) return fmt::format("{} nJ", grouped(picojoules / 1e3, 2));
  return fmt::format("{} uJ", grouped(picojoules / 1e6, 2));
}

std::string energy_range(double from, double to) {
  return to > from ? fmt::format("{} to {}", energy(from), energy(to)) : energy(from);
}

std::vector<std::string> row_of(const cost::OpCost& cost) {
  return {cost.op,
          cost.kind,
          grouped(cost.macs),
          grouped(cost.nonzero_macs),
          grouped(cost.multiplications),
          grouped(cost.additions),
          grouped(cost.traffic.nonzero_constant_bits),
          grouped(cost.traffic.activation_bits),
          grouped(cost.dense.total(), 1),
          grouped(cost.nonzero.total(), 1)};
}

std::string table_of(const cost::ProgramReport& report) {
  Table table{{{"writes", Align::kLeft},
               {"op", Align::kLeft},
               {"MACs"},
               {"non-zero"},
               {"mult"},
               {"add"},
               {"constant bits"},
               {"activation bits"},
               {"dense pJ"},
               {"pJ"}},
              {},
              {}};
  for (const cost::OpCost& cost : report.ops) table.rows.push_back(row_of(cost));
  const cost::ProgramTotal& total = report.total;
  table.total = {"total",
                 "",
                 grouped(total.macs),
                 grouped(total.nonzero_macs),
                 grouped(total.multiplications),
                 grouped(total.additions),
                 grouped(total.traffic.nonzero_constant_bits),
                 grouped(total.traffic.activation_bits),
                 grouped(total.dense.total(), 1),
                 grouped(total.nonzero.total(), 1)};
  return render(table);
}

std::string memory_of(const cost::MemoryUse& memory) {
  return fmt::format(
      "Memory: weights {} bits, {} of them non-zero ({} bytes if each takes 1, 2, 4 or 8); all "
      "constants {} bits,\n{} without zero weights and biases ({} bytes). Activations: at most {} "
      "bits ({} bytes) at one time.",
      grouped(memory.weight_bits), grouped(memory.nonzero_weight_bits),
      grouped(memory.weight_bytes), grouped(memory.constant_bits),
      grouped(memory.nonzero_constant_bits), grouped(memory.constant_bytes),
      grouped(memory.peak_activation_bits), grouped(memory.peak_activation_bytes));
}

std::string parts(const cost::Energy& parts) {
  return fmt::format("{} (arithmetic {}, constants {}, activations {})",
                     energy_range(parts.total(), parts.total_up_to()), energy(parts.arithmetic),
                     energy_range(parts.constants, parts.constants_up_to),
                     energy_range(parts.activations, parts.activations_up_to));
}

std::string energy_of(const cost::ProgramTotal& total) {
  return fmt::format(
      "Energy: {}.\nZero weights worked on and stored too: {}.\nFor comparison, all MACs alone as "
      "float32: {}.",
      parts(total.nonzero), parts(total.dense), energy(total.float_macs_picojoules));
}

std::string points(const cost::EnergyCurve& curve) {
  std::string text;
  for (const cost::EnergyPoint& point : curve.points) {
    text += fmt::format("{}{} b {} pJ", text.empty() ? "" : ", ", point.bits, point.picojoules);
  }
  return fmt::format("{} (power law between them; beyond, bits^{})", text, curve.exponent);
}

std::string lies_in(const cost::Memory& memory) {
  return fmt::format("{} ({} pJ for {} bits)", memory.name,
                     memory.up_to > memory.picojoules
                         ? fmt::format("{} to {}", memory.picojoules, memory.up_to)
                         : fmt::format("{}", memory.picojoules),
                     memory.access_bits);
}

std::string assumptions(const cost::ProgramReport& report) {
  const cost::Hardware& hardware = report.hardware;
  std::string text = fmt::format(
      "Assumed, for one sample on '{}' ({}):\n"
      "  integer add: {}\n"
      "  integer multiply: {}; a times b bits: sqrt(a b) bits\n"
      "  a comparison is an add of its width, a shift is free; linear ops add at their "
      "accumulator's width\n"
      "  zero weights and biases are neither stored, read nor worked on; knowing where they are is "
      "free\n"
      "  constants in {}, zeros too in {}; activations in {}\n"
      "  an op reads constants and inputs once and writes its output once, words packed full; a "
      "write costs a read;\n"
      "  what only the next element-wise op reads stays in registers; control, clock and leakage "
      "are not counted",
      hardware.name, hardware.source, points(hardware.integer_add),
      points(hardware.integer_multiply), lies_in(report.nonzero_constants_memory),
      lies_in(report.dense_constants_memory), lies_in(report.activations_memory));
  if (!report.trip_counts.empty()) {
    text += fmt::format("\n  steps of each loop: {}", fmt::join(report.trip_counts, ", "));
  }
  return text;
}

}  // namespace

std::string render_cost(const cost::ProgramReport& report) {
  return fmt::format("{}\n\n{}\n\n{}\n\n{}", table_of(report), memory_of(report.total.memory),
                     energy_of(report.total), assumptions(report));
}

}  // namespace pare::cli
