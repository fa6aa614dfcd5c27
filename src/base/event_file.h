#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/append_file.h"

namespace pare {

/// One point of one curve.
struct ScalarSummary {
  std::string tag;  ///< "validation/loss"
  float value = 0;
};

/// A TensorBoard event file (`events.out.tfevents.*`): TFRecords, each a length, the length's
/// masked CRC-32C, a protobuf `Event`, and its masked CRC-32C, all little-endian. Ref:
/// tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto and
/// tensorflow/core/lib/io/record_writer.h.
class EventFile {
 public:
  /// With offset 0 starts anew and writes the event that names the version; else keeps the first
  /// `offset` bytes and drops the rest. `wall_time`: seconds since 1970. Throws InputError.
  EventFile(std::string path, double wall_time, std::uint64_t offset = 0);

  /// Appends one event. Throws InputError (disk full).
  void append(double wall_time, std::int64_t step, std::span<const ScalarSummary> scalars);

  /// Bytes in the file: what a checkpoint stores, and a resumed run opens at.
  std::uint64_t offset() const { return file_.offset(); }

 private:
  void append_record(const std::string& event);

  AppendFile file_;
};

}  // namespace pare
