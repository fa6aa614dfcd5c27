#pragma once

#include <string>

#include "emit/c/emit.h"
#include "model/golden.h"
#include "program/program.h"

namespace pare::verify {

/// A C program that runs emitted code on samples: `driver INPUTS OUTPUTS` reads the codes of all
/// inputs of one sample after the other, as int64_t of this machine, and writes all outputs' codes
/// in the same way. `name` is the emitted code's prefix, `header` its file.
std::string c_driver(const program::Program& program, const model::Golden& golden,
                     const std::string& name, const std::string& header);

}  // namespace pare::verify
