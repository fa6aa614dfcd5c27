#pragma once

#include "program/program.h"

namespace pare::lower {

/// The same program without what it computes in vain: elements that nothing reads (all weights that
/// would read them are 0), and elements that always have one value, which go into the biases of the
/// layers that read them. Inputs, outputs and states keep all their elements; so do buffers of more
/// than one axis, those that a circulant weight, a lookup, a copy, a transpose, an argmax or a
/// predicate touches, and at least one element of every buffer that is left. Origins say which
/// channels were kept.
///
/// The outputs are the same for every input. REQUIRES: it passes program::check.
program::Program remove_dead(const program::Program& program);

}  // namespace pare::lower
