#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `data` with its own verbs list, info, fetch and make.
Verb add_data(CLI::App& parent);

}  // namespace pare::cli
