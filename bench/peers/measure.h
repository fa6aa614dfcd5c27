#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pare::bench {

/// One of several programs that do the same thing.
struct Contender {
  std::string name;
  /// Puts the inputs of a round in place; not timed.
  std::function<void(int round)> prepare;
  /// Does it so many times.
  std::function<void(int calls)> run;
};

struct Timing {
  std::string name;
  double median_ns = 0;  ///< of one call
  double p99_ns = 0;     ///< over rounds: of the mean of a round's calls
};

/// Runs all contenders in turn, `rounds` times, each time as many calls in a row as take about
/// `round_us` microseconds (at least one), so that whatever else the machine does hits all of them
/// alike. Before each time an eighth as many calls (at least one) bring its data into the caches;
/// they do not count, nor does the first tenth of the rounds.
std::vector<Timing> measure_interleaved(std::vector<Contender>& contenders, int rounds,
                                        double round_us);

/// Flushes denormals to zero in this thread, where the machine can.
void flush_denormals();

}  // namespace pare::bench
