#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace pare {

/// How far something long has come. Work reports it; only the command line shows it.
struct Progress {
  std::string what;        ///< "stage qat-6 (2/5)", "jets.npz"
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: unknown
  std::string unit;        ///< "epochs", "bytes"
  std::string detail;      ///< "loss 0.713  accuracy 72.9 %"
};

using ProgressSink = std::function<void(const Progress&)>;

}  // namespace pare
