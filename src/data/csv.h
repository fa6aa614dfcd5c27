#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace pare::data {

/// A table of samples: one row each, every column but one a feature.
struct LabelledTable {
  std::vector<std::string> features;  ///< names of the columns of `inputs`
  Tensor inputs;                      ///< float32 [N, F], finite
  Tensor labels;                      ///< int64 [N]
  /// Labels that are not numbers, sorted: label i means classes[i]. Empty where labels are
  /// integers.
  std::vector<std::string> classes;
};

/// The number that a field holds, blanks around it allowed, or nothing where it holds none.
/// Infinity where a double cannot hold it.
std::optional<double> parse_number(std::string_view field);

/// The samples of a CSV file (RFC 4180: quotes, doubled quotes, LF or CRLF). The first line names
/// the columns; `label` is the column of labels, all others are features. Labels are integers, or
/// else names of classes. Empty lines are skipped. `origin` names the file in messages.
/// Throws InputError naming line and column: broken quotes, lines of another length, fields that
/// are no finite numbers, no header, no such column, no rows.
LabelledTable parse_csv(std::string_view text, const std::string& origin, const std::string& label);

/// The samples of a CSV file. Throws InputError as parse_csv and read_text do.
LabelledTable read_csv(const std::string& path, const std::string& label);

}  // namespace pare::data
