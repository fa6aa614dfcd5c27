#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pare::data {

/// Splits CSV text (RFC 4180) into records, one after another. The text must outlive it.
class CsvLines {
 public:
  CsvLines(std::string_view text, std::string origin);

  /// Puts the fields of the next record that is not empty into `fields`; false at the end. Throws
  /// InputError naming the line: a quote within a field without quotes, text behind a closing
  /// quote, a quote that is never closed.
  bool next(std::vector<std::string>& fields);

  /// The line on which the last record starts, from 1.
  std::int64_t line() const { return record_line_; }

 private:
  void read_quoted(std::string& field);
  void read_plain(std::string& field);
  bool at_line_end() const;
  void skip_line_end();

  std::string_view text_;
  std::string origin_;
  std::size_t position_ = 0;
  std::int64_t line_ = 1;
  std::int64_t record_line_ = 0;
};

}  // namespace pare::data
