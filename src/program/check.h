#pragma once

#include "base/error.h"
#include "program/program.h"

namespace pare::program {

// The overload for conditions, which the ones below would hide in this namespace.
using pare::check;

/// Holds a program against everything that whoever runs it takes for granted
/// (docs/formats/program.md):
///
/// - what check_structure says;
/// - every interval (program/intervals.h) lies within the declared width: of each buffer, of each
///   linear op's accumulator, and of each state for what is stored in it. So no value leaves its
///   width for any input within the inputs' widths.
///
/// Throws InputError naming the op or buffer: what was found and what was expected.
void check(const Program& program);

/// The part that is not arithmetic: ids in range; unique names; possible widths and shapes, at most
/// kMaxElements elements; constants that hold what their encoding says; every buffer written once,
/// before it is read, and at a time at which its readers can read it; ops' operands that fit
/// (check_op); states of the right shape. Throws InputError as above.
void check_structure(const Program& program);

/// Number, shapes and constants of one op's operands. REQUIRES: its ids are in range, and buffers
/// and constants pass the structure's checks. Throws InputError naming the op.
void check_op(const Program& program, const Node& node);

}  // namespace pare::program
