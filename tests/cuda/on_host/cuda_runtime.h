#pragma once

#include <algorithm>
#include <tuple>

// What the GPU kernels need of CUDA, for a compiler of the host: one thread after the other. A
// launch `kernel<<<blocks, threads, 0, stream>>>(arguments)` is written
// `kernel | on_host::grid(blocks, threads, 0, stream)(arguments)` by CMakeLists.txt.

#define __device__
#define __global__
#define __launch_bounds__(most_threads)

using cudaStream_t = void*;
using std::min;

struct OneAxis {
  unsigned x = 0;
};
inline thread_local OneAxis blockIdx;
inline thread_local OneAxis threadIdx;

namespace on_host {

template <class... Arguments>
struct Launch {
  unsigned blocks;
  unsigned threads;
  std::tuple<Arguments...> arguments;
};

struct Grid {
  unsigned blocks;
  unsigned threads;

  template <class... Arguments>
  Launch<Arguments...> operator()(Arguments... arguments) const {
    return {blocks, threads, {arguments...}};
  }
};

inline Grid grid(unsigned blocks, int threads, int /*shared_memory*/, cudaStream_t /*stream*/) {
  return {blocks, static_cast<unsigned>(threads)};
}

template <class... Parameters, class... Arguments>
void operator|(void (*kernel)(Parameters...), const Launch<Arguments...>& launch) {
  for (blockIdx.x = 0; blockIdx.x < launch.blocks; ++blockIdx.x) {
    for (threadIdx.x = 0; threadIdx.x < launch.threads; ++threadIdx.x) {
      std::apply(kernel, launch.arguments);
    }
  }
}

}  // namespace on_host
