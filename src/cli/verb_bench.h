#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `bench`: how fast the engine runs a frozen model here.
Verb add_bench(CLI::App& parent);

}  // namespace pare::cli
