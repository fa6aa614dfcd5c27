#pragma once

// Plain loops in this folder are compiled for several instruction sets, and the loader takes the
// best that the machine has. Lanes and orders of summation are written out in the loops, so that
// all of them give the same bits. Not under sanitizers: they break the selection, which runs before
// them.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PARE_SIMD_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define PARE_SIMD_CLONES
#endif
