#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"
#include "data/array_file.h"
#include "data/csv.h"
#include "data/npz.h"
#include "data/samples.h"
#include "data/source.h"

namespace pare::data {
namespace {

/// One file, or one pair of arrays, of the user.
struct Part {
  Samples samples;
  std::vector<std::string> features;
  std::vector<std::string> label_names;  ///< empty: labels are numbers already
  std::string origin;
};

std::string resolve(const std::string& path, const Request& request) {
  if (request.base_folder.empty()) return path;
  return (std::filesystem::path(request.base_folder) / path).string();
}

Part csv_part(const std::string& path, const Request& request) {
  LabelledTable table = read_csv(path, request.labels);
  Part part;
  part.origin = fmt::format("{}: column '{}'", path, request.labels);
  part.features = table.features;
  part.label_names = table.classes;
  part.samples = make_samples({.inputs = std::move(table.inputs),
                               .labels = std::move(table.labels),
                               .inputs_origin = path,
                               .labels_origin = part.origin},
                              part.features);
  return part;
}

Part npz_part(const std::string& path, const NpzReader& reader, const std::string& inputs,
              const std::string& labels) {
  Part part;
  part.origin = origin_of_array(path, labels);
  part.samples = make_samples({.inputs = reader.read(inputs),
                               .labels = reader.read(labels),
                               .inputs_origin = origin_of_array(path, inputs),
                               .labels_origin = part.origin},
                              {});
  return part;
}

/// The part of a file of its own: arrays with the suffix where there are such, else without.
Part read_part(const std::string& file, const std::string& suffix, const Request& request) {
  const std::string path = resolve(file, request);
  const std::string ending = extension(path);
  if (ending == ".csv") return csv_part(path, request);
  if (ending != ".npz") {
    throw InputError(fmt::format("{}: ends in '{}', expected .npz or .csv", path, ending));
  }
  const NpzReader reader(path);
  const bool has_suffix = reader.has(request.inputs + suffix);
  const std::string end = has_suffix ? suffix : "";
  return npz_part(path, reader, request.inputs + end, request.labels + end);
}

/// A part that has a file, or arrays with its suffix in the training file.
std::optional<Part> read_other_part(const std::string& file, const std::string& suffix,
                                    const Request& request) {
  if (!file.empty()) return read_part(file, suffix, request);
  const std::string path = resolve(request.train, request);
  if (extension(path) != ".npz") return std::nullopt;
  const NpzReader reader(path);
  if (!reader.has(request.inputs + suffix)) return std::nullopt;
  return npz_part(path, reader, request.inputs + suffix, request.labels + suffix);
}

std::vector<std::string> class_names(const Part& train, const Request& request) {
  std::vector<std::string> classes = request.classes;
  if (classes.empty()) classes = train.label_names;
  if (classes.empty()) return numbered_classes(train.samples, train.origin);
  if (classes.size() < 2) {
    throw InputError(
        fmt::format("{}: only class '{}', expected at least two", train.origin, classes[0]));
  }
  return classes;
}

/// Labels that index the part's own names become labels that index `classes`.
void rename_labels(Part& part, const std::vector<std::string>& classes) {
  std::vector<std::int64_t> renamed;
  for (const std::string& name : part.label_names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) {
      throw InputError(fmt::format("{}: label '{}' is none of the classes {}{}", part.origin, name,
                                   fmt::join(classes, ", "), did_you_mean(name, classes)));
    }
    renamed.push_back(found - classes.begin());
  }
  if (renamed.empty()) return;
  for (std::int64_t& label : part.samples.labels.as<std::int64_t>()) {
    label = renamed[static_cast<std::size_t>(label)];
  }
}

/// Throws if a part does not fit the training part.
void check_fits(const Part& part, const Part& train) {
  if (part.features != train.features) {
    throw InputError(
        fmt::format("{}: other feature columns, or another order, than in {}; expected {}",
                    part.origin, train.origin, fmt::join(train.features, ", ")));
  }
  if (part.label_names.empty() != train.label_names.empty()) {
    throw InputError(fmt::format("{}: labels are {}, but {} in {}; write both alike", part.origin,
                                 part.label_names.empty() ? "numbers" : "names",
                                 train.label_names.empty() ? "numbers" : "names", train.origin));
  }
}

Samples finished(Part& part, const Part& train, const std::vector<std::string>& classes) {
  check_fits(part, train);
  rename_labels(part, classes);
  check_labels(part.samples, classes.size(), part.origin);
  return std::move(part.samples);
}

}  // namespace

Source read_user_files(const Request& request) {
  Part train = read_part(request.train, "_train", request);
  Source source;
  source.name = std::filesystem::path(request.train).filename().string();
  source.description = fmt::format("the user's own data ({})", source.name);
  source.features = train.features;
  source.classes = class_names(train, request);
  if (request.split == Split::kGiven) {
    auto validation = read_other_part(request.validation, "_validation", request);
    if (validation) source.validation = finished(*validation, train, source.classes);
  }
  auto test = read_other_part(request.test, "_test", request);
  if (test) source.test = finished(*test, train, source.classes);
  source.train = finished(train, train, source.classes);
  return source;
}

}  // namespace pare::data
