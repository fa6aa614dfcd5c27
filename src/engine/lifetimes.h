#pragma once

#include "engine/plan.h"
#include "program/program.h"

namespace pare::engine {

/// Says of each buffer of a plan between which positions it is needed (Storage::first, last), and
/// whether its values of all steps are. REQUIRES: the plan has all its steps.
void set_lifetimes(Plan& plan, const program::Program& program);

}  // namespace pare::engine
