#pragma once

#include <string>

#include "cli/verb.h"
#include "verify/report.h"

namespace pare::cli {

/// What `pare verify` prints: a table, and where backends differ, the first place.
std::string render_report(const verify::Report& report);

/// The same for --json.
nlohmann::json report_json(const verify::Report& report);

/// Declares `verify`: every backend against a model's golden vectors.
Verb add_verify(CLI::App& parent);

}  // namespace pare::cli
