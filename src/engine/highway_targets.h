#pragma once

// To be included before Highway: the instruction sets that kernels are compiled for, and no others
// (engine::InstructionSet). HWY_AVX3 is compiled with VNNI besides (kernel_parts.inc): HWY_AVX3_DL
// asks for more, which the first machines with VNNI lack and no kernel needs.
// The portable target. Highway leaves it out with g++ 12.2, whose bug 106322 miscompiles products'
// upper halves; no kernel here needs them, and tests hold them all against the reference.
#define HWY_BROKEN_EMU128 0
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
