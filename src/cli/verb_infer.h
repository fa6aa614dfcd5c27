#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `infer`: a model's answers to samples of one's own.
Verb add_infer(CLI::App& parent);

}  // namespace pare::cli
