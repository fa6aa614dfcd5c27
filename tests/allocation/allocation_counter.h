#pragma once

#include <cstddef>

namespace pare::allocation {

/// Bytes that operator new has given out in this program and that are not yet returned: now, and at
/// most since `restart_peak`.
std::size_t live_bytes();
std::size_t peak_bytes();
void restart_peak();

}  // namespace pare::allocation
