#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "data/array_file.h"
#include "data/axes.h"
#include "data/find_file.h"
#include "data/samples.h"
#include "data/source.h"

namespace pare::data {
namespace {

constexpr std::int64_t kMinSyntheticSamples = 50;

RawSamples read_raw(const SplitSource& split, const CatalogueSet& set) {
  const std::string inputs = set_file(split.inputs.file, set);
  const std::string labels = set_file(split.labels.file, set);
  RawSamples raw{.inputs = read_array(inputs, split.inputs.array),
                 .labels = read_array(labels, split.labels.array),
                 .inputs_origin = origin_of_array(inputs, split.inputs.array),
                 .labels_origin = origin_of_array(labels, split.labels.array)};
  raw.inputs = samples_first(std::move(raw.inputs), set.axes, raw.inputs_origin);
  return raw;
}

Samples read_split(const SplitSource& split, const CatalogueSet& set) {
  const RawSamples raw = read_raw(split, set);
  Samples samples = make_samples(raw, set.features);
  check_labels(samples, set.classes.size(), raw.labels_origin);
  return samples;
}

Source described(const CatalogueSet& set) {
  Source source;
  source.name = set.name;
  source.description = set.description;
  source.features = set.features;
  source.classes = set.classes;
  return source;
}

}  // namespace

std::string set_file(const std::string& file, const CatalogueSet& set) {
  const std::string path = require_data_file(file, set.name);
  const auto entry = std::find_if(set.files.begin(), set.files.end(),
                                  [&](const CatalogueFile& known) { return known.path == file; });
  check(entry != set.files.end(), "catalogue: an array in a file that is not listed");
  if (entry->bytes == 0) return path;
  // Its size tells a cut or foreign file without reading it; a gzip file carries a checksum of its
  // own, and other compressors make other sizes of the same data.
  std::error_code error;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (!error && bytes != entry->bytes && !file.ends_with(".gz")) {
    throw InputError(fmt::format(
        "{}: {} bytes, expected {}: it is cut or not the file of data set '{}'; remove it "
        "and get it again",
        path, bytes, entry->bytes, set.name));
  }
  return path;
}

Source read_set_files(const CatalogueSet& set) {
  check(set.train.has_value(), "catalogue: a set without training samples");
  Source source = described(set);
  source.train = read_split(*set.train, set);
  if (set.validation) source.validation = read_split(*set.validation, set);
  if (set.test) source.test = read_split(*set.test, set);
  return source;
}

Source make_synthetic(const CatalogueSet& set, std::int64_t num_samples, std::uint64_t seed) {
  if (num_samples < kMinSyntheticSamples) {
    throw InputError(fmt::format("data set '{}': {} samples asked for, expected at least {}",
                                 set.name, num_samples, kMinSyntheticSamples));
  }
  const Samples all = make_mixture(num_samples, seed);
  const std::int64_t num_train = num_samples - num_samples / 5;
  std::vector<std::int64_t> rows(static_cast<std::size_t>(num_samples));
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row] = static_cast<std::int64_t>(row);
  Source source = described(set);
  source.train = select(all, {rows.begin(), rows.begin() + num_train});
  source.test = select(all, {rows.begin() + num_train, rows.end()});
  return source;
}

}  // namespace pare::data
