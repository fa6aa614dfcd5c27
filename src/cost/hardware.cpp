#include "cost/hardware.h"

#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/toml.h"
#include "cost/hardware_45nm_toml.h"

namespace pare::cost {
namespace {

constexpr RealRange kPositive{.min = 0, .min_allowed = false};

EnergyCurve read_curve(TomlReader& hardware, std::string_view key) {
  auto table = hardware.table(key);
  if (!table) hardware.fail(key, "missing: expected a table with bits, picojoules and exponent");
  EnergyCurve curve;
  std::vector<double> bits;
  std::vector<double> picojoules;
  table->read("bits", bits, kPositive);
  table->read("picojoules", picojoules, kPositive);
  table->read("exponent", curve.exponent, {.min = 0});
  table->finish();
  if (bits.empty()) table->fail("bits", "expected at least one width");
  if (bits.size() != picojoules.size()) {
    table->fail("picojoules", fmt::format("{} energies for {} widths, expected as many",
                                          picojoules.size(), bits.size()));
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (i > 0 && bits[i] <= bits[i - 1]) table->fail("bits", "expected widths that ascend");
    curve.points.push_back({bits[i], picojoules[i]});
  }
  return curve;
}

Memory read_memory(TomlReader& reader) {
  Memory memory;
  reader.read("name", memory.name);
  reader.read("bytes", memory.bytes, {.min = 1, .max = std::int64_t{1} << 50});
  reader.read("access_bits", memory.access_bits, {.min = 1, .max = 1 << 20});
  if (!reader.has("picojoules")) reader.fail("picojoules", "missing: the energy of one access");
  reader.read("picojoules", memory.picojoules, {.min = 0});
  memory.up_to = memory.picojoules;
  reader.read("up_to", memory.up_to, {.min = memory.picojoules});
  reader.finish();
  if (memory.name.empty()) reader.fail("name", "a memory without a name");
  return memory;
}

std::vector<Memory> read_memories(TomlReader& reader) {
  std::vector<Memory> memories;
  for (TomlReader& table : reader.tables("memory")) {
    const Memory memory = read_memory(table);
    if (!memories.empty()) {
      const std::int64_t before = memories.back().bytes;
      if (before == 0) table.fail("bytes", "a memory behind one that holds everything");
      if (memory.bytes != 0 && memory.bytes <= before) {
        table.fail("bytes", "expected memories that grow, the smallest first");
      }
    }
    memories.push_back(memory);
  }
  if (memories.empty()) reader.fail("memory", "expected at least one [[memory]]");
  return memories;
}

double power_law(const EnergyPoint& from, double exponent, double bits) {
  return from.picojoules * std::pow(bits / from.bits, exponent);
}

}  // namespace

double EnergyCurve::at(double bits) const {
  check(!points.empty() && bits > 0, "EnergyCurve: no points, or no bits");
  if (bits <= points.front().bits) return power_law(points.front(), exponent, bits);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const EnergyPoint& low = points[i - 1];
    const EnergyPoint& high = points[i];
    if (bits == high.bits) return high.picojoules;
    if (bits > high.bits) continue;
    const double through_both =
        std::log(high.picojoules / low.picojoules) / std::log(high.bits / low.bits);
    return power_law(low, through_both, bits);
  }
  return power_law(points.back(), exponent, bits);
}

const Memory& memory_for(const Hardware& hardware, std::int64_t bits) {
  for (const Memory& memory : hardware.memories) {
    if (memory.holds(bits)) return memory;
  }
  throw InputError(
      fmt::format("hardware '{}': no memory holds {} bits; end its list with a [[memory]] that has "
                  "no bytes",
                  hardware.name, bits));
}

Hardware parse_hardware(std::string_view toml, const std::string& origin) {
  const toml::table table = parse_toml(toml, origin);
  TomlReader reader(table, origin);
  Hardware hardware;
  reader.read("name", hardware.name);
  reader.read("source", hardware.source);
  hardware.integer_add = read_curve(reader, "integer_add");
  hardware.integer_multiply = read_curve(reader, "integer_multiply");
  hardware.float_add = read_curve(reader, "float_add");
  hardware.float_multiply = read_curve(reader, "float_multiply");
  hardware.memories = read_memories(reader);
  reader.finish();
  if (hardware.name.empty()) reader.fail("name", "hardware without a name");
  if (hardware.source.empty()) reader.fail("source", "say where the numbers are from");
  return hardware;
}

Hardware find_hardware(const std::string& name_or_path) {
  if (name_or_path == "45nm") return parse_hardware(kHardware45nmToml, "hardware_45nm.toml");
  return parse_hardware(read_text(name_or_path), name_or_path);
}

}  // namespace pare::cost
