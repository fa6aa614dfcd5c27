#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lower/interface.h"
#include "program/program.h"

namespace pare::bench {

/// A frozen network and what it is called in tables.
struct Deployed {
  std::string name;
  program::Program program;
  /// Without standardisation: like the peer's, its inputs are standardised already.
  lower::Interface interface;

  std::int64_t inputs() const { return num_elements(interface.input_shape); }
  std::int64_t outputs() const { return num_elements(interface.output_shape); }
};

/// What a .pare file deploys, or what lowering its graph gives. Throws InputError if that has no
/// integer meaning.
Deployed load_deployed(const std::string& path, const std::string& name);

/// The codes that must come out for float samples (row-major): lower::map_input, then
/// program::run_reference.
std::vector<std::int64_t> reference_codes(const Deployed& deployed, std::span<const float> samples);

/// Multiply-accumulates of the linear ops for one sample, and those whose weight is not zero.
struct Macs {
  std::int64_t all = 0;
  std::int64_t nonzero = 0;
};
Macs count_macs(const program::Program& program);

}  // namespace pare::bench
