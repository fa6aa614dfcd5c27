#include "data/summary.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "data/array_file.h"
#include "data/csv.h"
#include "data/csv_lines.h"
#include "data/hdf5.h"
#include "data/mat.h"
#include "data/npz.h"

namespace pare::data {
namespace {

void add_value(ArraySummary& summary, double value) {
  if (!std::isfinite(value)) {
    ++summary.num_not_finite;
    return;
  }
  summary.min = std::min(value, summary.min.value_or(value));
  summary.max = std::max(value, summary.max.value_or(value));
}

bool is_integer(DType dtype) { return dtype != DType::kF32 && dtype != DType::kF64; }

/// What is known of a column while its rows are read.
struct ColumnTally {
  ArraySummary summary;
  bool is_number = true;
  std::map<std::string, std::int64_t> counts;  ///< of the first kMaxCounted + 1 different texts

  void add(const std::string& field) {
    const std::optional<double> value = parse_number(field);
    is_number = is_number && value.has_value();
    if (value) add_value(summary, *value);
    if (counts.size() <= kMaxCounted || counts.count(field) > 0) ++counts[field];
  }

  /// A column of text has counts alone; numbers have them where they may be labels.
  ArraySummary finish(std::int64_t rows) {
    summary.shape = {rows};
    summary.type = is_number ? "number" : "text";
    if (!is_number) {
      summary.min = summary.max = std::nullopt;
      summary.num_not_finite = 0;
    }
    const bool may_be_labels = std::all_of(counts.begin(), counts.end(), [&](const auto& count) {
      return !is_number || std::trunc(*parse_number(count.first)) == *parse_number(count.first);
    });
    if (counts.size() <= kMaxCounted && may_be_labels) {
      summary.counts.assign(counts.begin(), counts.end());
    }
    return std::move(summary);
  }
};

std::vector<ArraySummary> summarise_csv(const std::string& path) {
  const std::string text = read_text(path);
  CsvLines lines(text, path);
  std::vector<std::string> fields;
  if (!lines.next(fields)) throw InputError(fmt::format("{}: the file is empty", path));
  std::vector<ColumnTally> columns(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) columns[i].summary.name = fields[i];
  std::int64_t rows = 0;
  for (; lines.next(fields); ++rows) {
    if (fields.size() != columns.size()) {
      throw InputError(fmt::format("{}: line {}: {} fields, expected {} as in the header", path,
                                   lines.line(), fields.size(), columns.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) columns[i].add(fields[i]);
  }
  std::vector<ArraySummary> summaries;
  for (ColumnTally& column : columns) summaries.push_back(column.finish(rows));
  return summaries;
}

/// What cannot be summarised, as text, is named with its type and shape.
ArraySummary summarise_found(FoundArray array) {
  if (array.values) return summarise(std::move(array.name), *array.values);
  ArraySummary summary;
  summary.name = std::move(array.name);
  summary.type = std::move(array.type);
  summary.shape = std::move(array.shape);
  return summary;
}

}  // namespace

ArraySummary summarise(std::string name, const Tensor& tensor) {
  ArraySummary summary;
  summary.name = std::move(name);
  summary.type = name_of(tensor.dtype());
  summary.shape = tensor.shape();
  const bool may_be_labels = is_integer(tensor.dtype()) && tensor.rank() == 1;
  std::map<double, std::int64_t> counts;
  for (const double value : tensor.to_doubles()) {
    add_value(summary, value);
    if (may_be_labels && counts.size() <= kMaxCounted) ++counts[value];
  }
  if (counts.size() <= kMaxCounted) {
    for (const auto& [value, count] : counts) {
      summary.counts.emplace_back(fmt::format("{:.0f}", value), count);
    }
  }
  return summary;
}

std::vector<ArraySummary> summarise_file(const std::string& path) {
  const std::string ending = extension(path);
  if (ending == ".csv") return summarise_csv(path);
  if (!has_named_arrays(path)) return {summarise("", read_array(path, ""))};
  std::vector<ArraySummary> summaries;
  if (ending != ".npz") {
    const auto find = ending == ".mat" ? find_mat_arrays : find_hdf5_arrays;
    find(path, Values::kRead,
         [&](FoundArray array) { summaries.push_back(summarise_found(std::move(array))); });
    return summaries;
  }
  const NpzReader reader(path);
  for (const std::string& name : reader.names())
    summaries.push_back(summarise(name, reader.read(name)));
  return summaries;
}

}  // namespace pare::data
