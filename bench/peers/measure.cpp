#include "measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#if defined(__SSE2__)
#include <pmmintrin.h>
#include <xmmintrin.h>
#endif

namespace pare::bench {
namespace {

double time_ns(Contender& contender, int calls) {
  const auto start = std::chrono::steady_clock::now();
  contender.run(calls);
  const auto end = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::nano>(end - start).count();
}

/// How many calls take about `round_us`.
int calls_for(Contender& contender, double round_us) {
  contender.prepare(0);
  constexpr int kMaxCalls = 1 << 20;
  int calls = 1;
  while (calls < kMaxCalls && time_ns(contender, calls) < 500 * round_us) calls *= 2;
  return calls;
}

}  // namespace

std::vector<Timing> measure_interleaved(std::vector<Contender>& contenders, int rounds,
                                        double round_us) {
  const int warm_up = rounds / 10;
  std::vector<int> calls;
  for (Contender& contender : contenders) calls.push_back(calls_for(contender, round_us));
  std::vector<std::vector<double>> times(contenders.size());
  for (int round = 0; round < rounds + warm_up; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      contenders[i].prepare(round);
      // The others have left their own data in the caches.
      contenders[i].run(std::max(1, calls[i] / 8));
      const double per_call = time_ns(contenders[i], calls[i]) / calls[i];
      if (round >= warm_up) times[i].push_back(per_call);
    }
  }
  std::vector<Timing> timings;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    std::sort(times[i].begin(), times[i].end());
    const auto p99 = static_cast<std::size_t>(0.99 * static_cast<double>(rounds));
    timings.push_back({contenders[i].name, times[i][times[i].size() / 2],
                       times[i][std::min(p99, times[i].size() - 1)]});
  }
  return timings;
}

void flush_denormals() {
#if defined(__SSE2__)
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
#endif
}

}  // namespace pare::bench
