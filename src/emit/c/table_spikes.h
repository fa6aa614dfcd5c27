#pragma once

#include <cstdint>

#include "emit/c/table_parts.h"
#include "program/program.h"

namespace pare::emit::c {

/// Spikes as bits, 32 channels a word: of each position in turn.
inline constexpr std::int64_t kSpikesPerWord = 32;

/// Whether an op's input is spikes (a width of one bit) whose rows of weights are added instead of
/// multiplied by 0 and 1: convolutions of one group whose weights are not all equal.
bool adds_spikes(const program::Program& program, const program::Node& node,
                 const program::Conv& op);
/// The same of linear ops without predicates and circulants.
bool adds_spikes(const program::Program& program, const program::Node& node,
                 const program::Linear& op);

/// Words of memory that an op in table style works in besides its buffers: the bits of a
/// convolution that adds spikes of enough channels, else none.
std::int64_t num_spike_words(const program::Program& program, const program::Node& node);

/// y as sums of the rows that spiked. REQUIRES: adds_spikes(…).
void write_spike_conv(TableParts& parts, const program::Conv& op);
void write_spike_linear(TableParts& parts, const program::Linear& op);

/// The function that write_spike_conv's code calls.
void write_lowest_spike(Writer& writer);

}  // namespace pare::emit::c
