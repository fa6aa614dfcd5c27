#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// Rows and columns of the sensor that N-MNIST was recorded with, after cutting.
inline constexpr std::int64_t kEventRows = 34;
inline constexpr std::int64_t kEventColumns = 34;

/// One change of brightness.
struct Event {
  std::int64_t time = 0;  ///< microseconds
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t polarity = 0;  ///< 1: brighter

  friend bool operator==(const Event&, const Event&) = default;
};

/// The events of an N-MNIST file (.bs2, .bin), 40 bits each, in the order of the file: column, row,
/// polarity (the highest bit) with the time's bits 22 to 16, its bits 15 to 8 and 7 to 0.
/// Throws InputError naming `origin` and the event: a size that is no whole number of events, none
/// at all, a pixel outside of 34 x 34, a time before that of the event before.
/// Ref: Orchard, Jayawant, Cohen, Thakor, "Converting static image datasets to spiking neuromorphic
/// datasets using saccades", 2015, and the data's own page for the layout.
std::vector<Event> parse_events(std::span<const std::byte> bytes, const std::string& origin);

/// How a recording becomes frames.
struct Framing {
  std::int64_t frames = 10;
  /// Microseconds of a frame, from time 0; events behind the last are left out. 0: equal parts of
  /// the time from the first event to the last.
  std::int64_t frame_us = 0;
};

/// How many events of each polarity each pixel has in each frame: adds them to `counts`, [frames,
/// 2, 34, 34]. REQUIRES: `events` in the order of their times; frames >= 1.
void count_events(std::span<const Event> events, const Framing& framing, std::span<float> counts);

/// Recordings as frames with their labels.
struct LabelledEvents {
  Tensor inputs;  ///< float32 [N, frames, 2, 34, 34]
  Tensor labels;  ///< int64 [N]
};

/// The recordings of a list: lines NAME<tab>LABEL, of the file NAME.bs2 beside the list; lines that
/// start with '#' and empty ones are passed over.
/// Throws InputError naming list and line, or the recording's file: lines of another form, labels
/// that are no whole numbers from 0 to 65535, no recordings, frames of more than 8 GiB, a recording
/// that is missing or that parse_events refuses.
LabelledEvents read_event_list(const std::string& path, const Framing& framing);

}  // namespace pare::data
