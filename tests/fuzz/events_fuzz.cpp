#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <span>
#include <vector>

#include "base/error.h"
#include "data/events.h"

/// Any bytes are events that are each counted once, or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto events = pare::data::parse_events(std::as_bytes(std::span(data, size)), "fuzz");
    constexpr std::int64_t kFrames = 7;
    std::vector<float> counts(kFrames * 2 * 34 * 34);
    pare::data::count_events(events, {.frames = kFrames}, counts);
    if (std::accumulate(counts.begin(), counts.end(), 0.0) != static_cast<double>(size / 5)) {
      std::abort();
    }
    std::vector<float> timed(kFrames * 2 * 34 * 34);
    pare::data::count_events(events, {.frames = kFrames, .frame_us = 1000}, timed);
  } catch (const pare::InputError&) {
  }
  return 0;
}
