#pragma once

#include "emit/c/frame.h"
#include "emit/c/writer.h"
#include "lower/interface.h"

namespace pare::emit::c {

/// Throws InputError unless the interface is of the program's one input and one output.
void check_interface(const Program& program, const lower::Interface& interface);

/// NAME_map_input, NAME_map_input_f32, NAME_map_output: the only floating point there is, left out
/// where NAME_NO_FLOAT is defined. And NAME_argmax, with integers alone where that is the same.
void write_mapping_declarations(const Frame& frame, const lower::Interface& interface,
                                Writer& writer);
void write_mappings(const Frame& frame, const lower::Interface& interface, Writer& writer);

}  // namespace pare::emit::c
