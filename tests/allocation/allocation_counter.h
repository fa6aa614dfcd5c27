#pragma once

#include <cstddef>

namespace pare::allocation {

/// Bytes that operator new has given out in this program and that are not yet returned: now, and at
/// most since `restart`.
std::size_t live_bytes();
std::size_t peak_bytes();
/// Bytes that the largest single allocation since `restart` asked for.
std::size_t largest_bytes();
void restart();

}  // namespace pare::allocation
