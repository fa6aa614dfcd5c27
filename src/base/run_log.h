#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/append_file.h"

namespace pare {

/// A log of JSON objects, one a line (metrics.jsonl). Each line is with the operating system when
/// append returns.
class MetricsLog {
 public:
  /// Keeps the first `offset` bytes and drops the rest; see AppendFile.
  explicit MetricsLog(std::string path, std::uint64_t offset = 0);

  /// Appends one line. Numbers that JSON cannot hold (NaN, infinities) become null. Throws
  /// InputError (disk full).
  void append(const nlohmann::json& object);
  void append(const nlohmann::ordered_json& object);

  /// Bytes in the file: what a checkpoint stores, and a resumed run opens at.
  std::uint64_t offset() const { return file_.offset(); }

 private:
  void append_line(std::string line);

  AppendFile file_;
};

}  // namespace pare
