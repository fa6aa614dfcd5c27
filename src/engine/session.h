#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/frame.h"

namespace pare::engine {

/// How a run ended. Nothing is thrown and no memory allocated there.
enum class Status : std::int32_t {
  kOk = 0,
  kWrongSize = 1,       ///< spans that are not whole samples, or differ in how many they hold
  kCodeOutOfRange = 2,  ///< an input code that its width does not hold
  kWrongTripCount = 3,  ///< negative, more than the session was made for, or not as many as needed
  kNoInterface = 4,     ///< from raw numbers, but the engine was made without an interface
};

/// What a status means, for people.
std::string_view describe(Status status);

struct SessionOptions {
  std::size_t num_threads = 1;  ///< for batches; 1 … 256
  /// The most steps of each trip count of the program; none: kDefaultSteps each.
  std::vector<std::int64_t> max_trip_counts = {};
};
inline constexpr std::int64_t kDefaultSteps = 64;

/// Bytes that a session and its engine take up.
struct Memory {
  std::size_t weights = 0;      ///< packed, of the engine
  std::size_t arena = 0;        ///< of one thread
  std::size_t activations = 0;  ///< the most that is needed at a time, without padding
};

/// The memory and the threads of one caller: one run at a time. Sessions of an engine are
/// independent of each other. The same inputs give the same outputs for every number of threads and
/// however samples are gathered into batches.
class Session {
 public:
  /// The engine outlives the session. Throws InputError for options out of range, or more memory
  /// than 2^40 bytes.
  explicit Session(const Engine& engine, const SessionOptions& options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Any program: `inputs` in the order of Program::inputs, `outputs` of Program::outputs, each
  /// [samples, steps, shape], without the steps where a buffer has one value. All samples have the
  /// same numbers of steps. Codes are checked against their widths.
  Status run(std::size_t num_samples, std::span<const std::span<const std::int64_t>> inputs,
             std::span<const std::int64_t> trip_counts,
             std::span<const std::span<std::int64_t>> outputs) noexcept;

  /// Raw samples [samples, input_shape] to codes [samples, output_shape]: lower::map_input, then
  /// the program. REQUIRES: output codes of at most 32 bits, else kNoInterface.
  Status run(std::span<const float> raw, std::span<std::int32_t> codes) noexcept;

  /// One sample, with whoever wants to see every step: for measuring. The observer may throw
  /// nothing.
  Status run_watched(std::span<const float> raw, std::span<std::int32_t> codes,
                     const StepObserver& observer) noexcept;

  Memory memory() const;

  /// Samples that are worked on at once.
  std::size_t chunk() const;

 private:
  Status run_raw(std::span<const float> raw, std::span<std::int32_t> codes,
                 const StepObserver* observer) noexcept;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pare::engine
