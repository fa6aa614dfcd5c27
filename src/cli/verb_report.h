#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `report`: tables and figures of a run or a sweep as one HTML file.
Verb add_report(CLI::App& parent);

}  // namespace pare::cli
