#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pare::verify {

/// How one buffer of the program came out of one backend, over all samples and steps.
struct Row {
  std::string buffer;
  std::int64_t codes = 0;      ///< compared
  std::int64_t different = 0;  ///< of them not as recorded

  friend bool operator==(const Row&, const Row&) = default;
};

/// The first code that is not as recorded: the earliest in the order in which the program runs,
/// whatever the sample; of several samples the first.
struct Difference {
  std::string buffer;
  std::int64_t sample = 0;
  std::int64_t step = 0;
  /// Index into the buffer at this step. None: only the hash of what was recorded is known here;
  /// then expected and got are the hashes' bits.
  std::optional<std::int64_t> element = std::nullopt;
  std::int64_t expected = 0;
  std::int64_t got = 0;

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// "buffer 'fc1.sum', sample 3, step 0, element 7: expected 12, got 13".
std::string describe(const Difference& difference);

/// What became of one backend. It was skipped, or failed, or ran to the end.
struct BackendReport {
  std::string backend;       ///< "reference"
  std::string skipped = {};  ///< why it did not run
  std::string failure = {};  ///< how it broke off: a trap, a crash, the wrong number of codes
  /// The buffers that the backend shows, in the order in which they are written; all that only
  /// shows its outputs has a row for each of these.
  std::vector<Row> rows = {};
  std::int64_t decisions = 0;  ///< samples, times steps where the output has one at each
  /// Decisions that differ: the index of the largest of the first output's values, or where it has
  /// a single value the value.
  std::int64_t flips = 0;
  std::optional<Difference> first = std::nullopt;

  bool holds() const { return failure.empty() && !first; }
};

/// How the backends of this machine agree with a program's golden vectors.
struct Report {
  std::string program = {};  ///< its name
  std::string hash = {};     ///< program::hash
  std::int64_t samples = 0;
  std::vector<BackendReport> backends = {};

  /// Whether something ran, and all that ran is as recorded.
  bool holds() const;
};

}  // namespace pare::verify
