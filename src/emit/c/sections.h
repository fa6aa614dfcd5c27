#pragma once

#include "emit/c/frame.h"
#include "emit/c/table.h"
#include "emit/c/writer.h"

namespace pare::emit::c {

/// What each section does at one step, as static functions; adds the tables they need.
void write_sections(const Frame& frame, Tables& tables, Writer& writer);

/// The functions that a user calls, which run the sections: NAME_run and, where the program has a
/// step, NAME_start, NAME_step and NAME_finish.
void write_runs(const Frame& frame, Writer& writer);

/// Their declarations, with what they do.
void write_run_declarations(const Frame& frame, Writer& writer);

}  // namespace pare::emit::c
