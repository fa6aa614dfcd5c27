#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pare {

/// How far something long has come. Work reports it; only the command line shows it.
struct Progress {
  std::string what;  ///< "stage qat-6 (2/5)", "jets.npz"
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: unknown
  std::string unit;        ///< "epochs", "bytes"
  std::string detail;      ///< "loss 0.713  accuracy 72.9 %"
};

using ProgressSink = std::function<void(const Progress&)>;

/// How fast, and how long still. Negative: not known yet.
struct ProgressRate {
  double per_second = -1;
  double seconds_left = -1;
};

/// Rate and remaining time from successive reports. The clock is the caller's, in seconds.
class ProgressMeter {
 public:
  /// Starts anew whenever `what` changes or `done` falls.
  ProgressRate update(const Progress& progress, double now_seconds);

 private:
  std::string what_;
  double start_seconds_ = 0;
  std::int64_t start_done_ = 0;
  std::int64_t last_done_ = 0;
  bool has_started_ = false;
};

/// One line for a terminal, at most `width` columns: bar, counts, rate, remaining time, detail.
std::string render_bar(const Progress& progress, const ProgressRate& rate, int width);

/// The same without the bar, for logs.
std::string render_line(const Progress& progress, const ProgressRate& rate);

}  // namespace pare
