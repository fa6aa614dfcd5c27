#include "data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "data/csv_lines.h"

namespace pare::data {
namespace {

/// Text of the file fit for a message.
std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 40)) {
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

class TableReader {
 public:
  TableReader(std::string_view text, const std::string& origin, const std::string& label)
      : lines_(text, origin), origin_(origin) {
    read_header(label);
  }

  LabelledTable read() {
    while (lines_.next(fields_)) read_row();
    if (label_texts_.empty())
      throw InputError(fmt::format("{}: no rows below the header", origin_));
    LabelledTable table;
    table.features = features_;
    const auto rows = static_cast<std::int64_t>(label_texts_.size());
    table.inputs = Tensor::from({rows, static_cast<std::int64_t>(features_.size())}, values_);
    set_labels(table);
    return table;
  }

 private:
  void read_header(const std::string& label) {
    if (!lines_.next(fields_)) throw InputError(fmt::format("{}: the file is empty", origin_));
    columns_ = fields_;
    if (std::all_of(columns_.begin(), columns_.end(), parse_number)) {
      throw InputError(fmt::format(
          "{}: line {}: all fields are numbers, expected names of columns; add a header line",
          origin_, lines_.line()));
    }
    std::set<std::string> seen;
    for (const std::string& column : columns_) {
      if (column.empty() || !seen.insert(column).second) {
        throw InputError(fmt::format("{}: line {}: two columns are named '{}', or one has no name",
                                     origin_, lines_.line(), shown(column)));
      }
    }
    const auto found = std::find(columns_.begin(), columns_.end(), label);
    if (found == columns_.end()) {
      throw InputError(fmt::format(
          "{}: no column '{}' for the labels{}; set data.labels to one of the {} columns", origin_,
          shown(label), did_you_mean(label, columns_), columns_.size()));
    }
    if (columns_.size() == 1) {
      throw InputError(fmt::format("{}: only a column of labels, none of inputs", origin_));
    }
    label_column_ = static_cast<std::size_t>(found - columns_.begin());
    features_ = columns_;
    features_.erase(features_.begin() + static_cast<std::ptrdiff_t>(label_column_));
  }

  void read_row() {
    if (fields_.size() != columns_.size()) {
      throw InputError(fmt::format("{}: line {}: {} fields, expected {} as in the header", origin_,
                                   lines_.line(), fields_.size(), columns_.size()));
    }
    for (std::size_t column = 0; column < fields_.size(); ++column) {
      if (column == label_column_) {
        add_label(fields_[column]);
      } else {
        values_.push_back(input(column));
      }
    }
  }

  float input(std::size_t column) const {
    const std::optional<double> value = parse_number(fields_[column]);
    if (!value) {
      fail(column, fields_[column].empty()
                       ? "empty, expected a number"
                       : fmt::format("'{}' is no number", shown(fields_[column])));
    }
    if (!std::isfinite(*value) || std::abs(*value) > std::numeric_limits<float>::max()) {
      fail(column, fmt::format("{} is no finite number that float32 can hold; remove the row or "
                               "repair the value",
                               shown(fields_[column])));
    }
    return static_cast<float>(*value);
  }

  void add_label(const std::string& text) {
    if (trimmed(text).empty()) fail(label_column_, "empty, expected a label");
    label_texts_.emplace_back(trimmed(text));
    label_lines_.push_back(lines_.line());
  }

  /// Integers if all labels are numbers, else indices into the sorted names.
  void set_labels(LabelledTable& table) const {
    std::vector<std::int64_t> labels(label_texts_.size());
    std::map<std::string_view, std::int64_t> indices;
    bool are_numbers = true;
    for (const std::string& text : label_texts_) {
      are_numbers = are_numbers && parse_number(text).has_value();
      indices.emplace(text, 0);
    }
    for (auto& [name, index] : indices) {
      if (are_numbers) break;
      index = static_cast<std::int64_t>(table.classes.size());
      table.classes.emplace_back(name);
    }
    for (std::size_t row = 0; row < labels.size(); ++row) {
      labels[row] = are_numbers ? integer_label(row) : indices.at(label_texts_[row]);
    }
    table.labels = Tensor::from({static_cast<std::int64_t>(labels.size())}, labels);
  }

  std::int64_t integer_label(std::size_t row) const {
    const double value = *parse_number(label_texts_[row]);
    if (std::trunc(value) != value || std::abs(value) > 9e15) {
      throw InputError(fmt::format("{}: line {}, column '{}': label {} is not an integer", origin_,
                                   label_lines_[row], shown(columns_[label_column_]),
                                   shown(label_texts_[row])));
    }
    return static_cast<std::int64_t>(value);
  }

  [[noreturn]] void fail(std::size_t column, std::string_view message) const {
    throw InputError(fmt::format("{}: line {}, column '{}': {}", origin_, lines_.line(),
                                 shown(columns_[column]), message));
  }

  CsvLines lines_;
  std::string origin_;
  std::vector<std::string> columns_;
  std::vector<std::string> features_;
  std::size_t label_column_ = 0;
  std::vector<std::string> fields_;
  std::vector<float> values_;
  std::vector<std::string> label_texts_;
  std::vector<std::int64_t> label_lines_;
};

}  // namespace

std::optional<double> parse_number(std::string_view field) {
  std::string_view text = trimmed(field);
  if (text.substr(0, 1) == "+") text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  // Too large or too small: neither can be told from the other, nor held.
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (error != std::errc()) return std::nullopt;
  return value;
}

LabelledTable parse_csv(std::string_view text, const std::string& origin,
                        const std::string& label) {
  return TableReader(text, origin, label).read();
}

LabelledTable read_csv(const std::string& path, const std::string& label) {
  return parse_csv(read_text(path), path, label);
}

}  // namespace pare::data
