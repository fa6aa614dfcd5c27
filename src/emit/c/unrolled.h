#pragma once

#include "emit/c/frame.h"
#include "emit/c/table.h"
#include "emit/c/writer.h"

namespace pare::emit::c {

/// A step of a section as straight-line code; adds the tables that its lookups need.
void write_unrolled_section(const Frame& frame, const Section& section, Tables& tables,
                            Writer& writer);

/// Throws InputError if the program has more than kMaxUnrolledTerms.
void check_unrolled_size(const Program& program);

}  // namespace pare::emit::c
