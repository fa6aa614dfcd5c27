#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `compare`: two models side by side and, with data, the first wire on which they differ.
Verb add_compare(CLI::App& parent);

}  // namespace pare::cli
