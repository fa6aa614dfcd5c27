#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pare::cost {

/// Energy of an operation on operands of one width.
struct EnergyPoint {
  double bits = 0;
  double picojoules = 0;

  friend bool operator==(const EnergyPoint&, const EnergyPoint&) = default;
};

/// Energy of an operation by width. The points are as published; between two neighbours it is the
/// power law through both, E = E1 (b / b1)^p with p = log(E2 / E1) / log(b2 / b1), and outside of
/// them a power law with `exponent` through the outermost point (our rule, not the source's).
struct EnergyCurve {
  std::vector<EnergyPoint> points;  ///< at least one, widths ascend
  double exponent = 1;

  /// In pJ. REQUIRES: bits > 0.
  double at(double bits) const;

  friend bool operator==(const EnergyCurve&, const EnergyCurve&) = default;
};

/// A memory that is read and written in words.
struct Memory {
  std::string name;
  std::int64_t bytes = 0;  ///< it holds; 0: any number
  int access_bits = 64;
  double picojoules = 0;  ///< of one access
  double up_to = 0;       ///< the same where the source gives a range, its upper end

  bool holds(std::int64_t bits) const { return bytes == 0 || bits <= 8 * bytes; }

  friend bool operator==(const Memory&, const Memory&) = default;
};

/// What operations and memory accesses of some hardware cost in energy.
struct Hardware {
  std::string name;
  std::string source;  ///< where the numbers are from, for people
  EnergyCurve integer_add;
  EnergyCurve integer_multiply;
  EnergyCurve float_add;
  EnergyCurve float_multiply;
  std::vector<Memory> memories;  ///< smallest first

  friend bool operator==(const Hardware&, const Hardware&) = default;
};

/// The smallest memory that holds so many bits. Throws InputError naming the hardware if none does.
const Memory& memory_for(const Hardware& hardware, std::int64_t bits);

/// A profile in TOML (cost/hardware_45nm.toml is one). Throws InputError naming `origin`, line and
/// key.
Hardware parse_hardware(std::string_view toml, const std::string& origin);

/// The built-in profile of this name ("45nm"), or else the file of this path. Throws InputError.
Hardware find_hardware(const std::string& name_or_path);

}  // namespace pare::cost
