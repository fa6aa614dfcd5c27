#pragma once

namespace pare::train {

/// Makes torch and the BLAS behind it use `threads` threads, and flushes denormals to zero (weights
/// under an L1 penalty would become denormal and slow every product).
void set_threads(int threads);

/// Threads that this process runs after a large matrix product. More than were asked for means a
/// BLAS with a pool of its own, which makes timings and thread counts wrong.
int count_threads_of_a_product();

}  // namespace pare::train
