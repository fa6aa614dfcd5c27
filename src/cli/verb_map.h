#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Declares `map`: the class of every pixel of a scene, as an array and as images.
Verb add_map(CLI::App& parent);

}  // namespace pare::cli
