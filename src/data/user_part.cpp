#include "data/user_part.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"
#include "data/array_file.h"
#include "data/axes.h"
#include "data/cifar.h"
#include "data/csv.h"
#include "data/events.h"
#include "data/idx.h"
#include "data/image_folder.h"
#include "data/samples.h"
#include "data/user_file.h"

namespace pare::data {
namespace {

namespace fs = std::filesystem;

bool is_pattern(const std::string& path) {
  std::error_code error;
  return fs::path(path).filename().string().find_first_of("*?") != std::string::npos &&
         !fs::exists(path, error);
}

/// The files that a pattern stands for; any other name stands for itself.
std::vector<std::string> files_of(const std::string& path) {
  if (!is_pattern(path)) return {path};
  const fs::path whole(path);
  const fs::path folder = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (matches(whole.filename().string(), name)) files.push_back((folder / name).string());
  }
  if (files.empty()) throw InputError(fmt::format("{}: no file matches; check the path", path));
  std::sort(files.begin(), files.end());
  return files;
}

UserPart csv_part(const std::string& path, const Request& request) {
  LabelledTable table = read_csv(path, request.labels);
  UserPart part;
  part.origin = fmt::format("{}: column '{}'", path, request.labels);
  part.features = table.features;
  part.label_names = table.classes;
  part.samples = make_samples({.inputs = std::move(table.inputs),
                               .labels = std::move(table.labels),
                               .inputs_origin = path,
                               .labels_origin = part.origin,
                               .first_label = table.classes.empty() ? request.first_label : 0},
                              part.features);
  return part;
}

/// Labels as programs write them that know matrices and doubles alone: [N, 1] or [1, N] is [N], and
/// whole numbers are integers.
Tensor plain_labels(Tensor labels) {
  if (labels.rank() == 2 && (labels.dim(0) == 1 || labels.dim(1) == 1)) {
    labels = labels.reshaped({static_cast<std::int64_t>(labels.size())});
  }
  if (labels.dtype() != DType::kF32 && labels.dtype() != DType::kF64) return labels;
  const std::vector<double> values = labels.to_doubles();
  const bool are_whole = std::all_of(values.begin(), values.end(), [](double value) {
    return std::trunc(value) == value && std::abs(value) < 0x1p53;
  });
  return are_whole ? labels.to(DType::kI64) : labels;
}

UserPart array_part(const std::string& path, const ArrayFile& file, const std::string& end,
                    const Request& request) {
  const std::string inputs = request.inputs + end;
  const std::string labels = request.labels + end;
  const bool is_npz = extension(path) == ".npz";
  UserPart part;
  part.origin = origin_of_array(path, labels);
  const std::string inputs_origin = origin_of_array(path, inputs);
  Tensor raw_labels = file.read(labels);
  part.samples =
      make_samples({.inputs = samples_first(file.read(inputs), request.axes, inputs_origin),
                    .labels = is_npz ? std::move(raw_labels) : plain_labels(std::move(raw_labels)),
                    .inputs_origin = inputs_origin,
                    .labels_origin = part.origin,
                    .first_label = request.first_label},
                   {});
  return part;
}

UserPart image_part(LabelledImages images, const std::string& path) {
  UserPart part;
  part.origin = path;
  part.label_names = std::move(images.classes);
  part.samples = make_samples({.inputs = std::move(images.images),
                               .labels = std::move(images.labels),
                               .inputs_origin = path,
                               .labels_origin = path},
                              {});
  return part;
}

CifarLabels cifar_labels(const Request& request, const std::string& path) {
  if (request.labels == "coarse") return CifarLabels::kCoarse;
  if (request.labels == "fine" || request.labels == Request().labels) return CifarLabels::kFine;
  throw InputError(
      fmt::format("{}: data.labels = \"{}\", but a CIFAR file has labels \"fine\" or \"coarse\"",
                  path, request.labels));
}

/// The name of the labels' file beside an IDX file of images; nothing for other names.
std::optional<std::string> idx_labels_of(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  for (const auto& [from, to] : {std::pair{"images", "labels"}, std::pair{"idx3", "idx1"}}) {
    const std::size_t at = name.rfind(from);
    if (at == std::string::npos) return std::nullopt;
    name.replace(at, std::string_view(from).size(), to);
  }
  return (fs::path(path).parent_path() / name).string();
}

UserPart idx_part(const std::string& path, const std::string& labels_path, const Request& request) {
  UserPart part;
  part.origin = labels_path;
  Tensor images = read_idx(path);
  if (images.rank() != 3) {
    throw InputError(fmt::format("{}: shape {}, expected images [samples, rows, columns]", path,
                                 to_string(images.shape())));
  }
  part.samples = make_samples({.inputs = samples_first(std::move(images), "NHW", path),
                               .labels = read_idx(labels_path),
                               .inputs_origin = path,
                               .labels_origin = labels_path,
                               .first_label = request.first_label},
                              {});
  return part;
}

UserPart event_part(const std::string& path, const Request& request) {
  if (request.standardise != Standardise::kNone) {
    throw InputError(fmt::format(
        "{}: event recordings are counts over time; set data.standardise = \"none\"", path));
  }
  if (request.frames < 1 || request.frame_us < 0) {
    throw InputError(fmt::format("data.frames: {}, data.frame_us: {}, expected at least 1 and 0",
                                 request.frames, request.frame_us));
  }
  LabelledEvents events =
      read_event_list(path, {.frames = request.frames, .frame_us = request.frame_us});
  UserPart part;
  part.origin = path;
  part.samples = make_samples({.inputs = std::move(events.inputs),
                               .labels = std::move(events.labels),
                               .inputs_origin = path,
                               .labels_origin = path,
                               .first_label = request.first_label},
                              {});
  return part;
}

UserPart read_one(const std::string& path, const std::string& suffix, const Request& request) {
  std::error_code error;
  if (fs::is_directory(path, error)) return image_part(read_image_folder(path), path);
  const std::string ending = extension(path);
  if (ending == ".csv") return csv_part(path, request);
  if (has_named_arrays(path)) {
    const ArrayFile file(path);
    return array_part(path, file, file.has(request.inputs + suffix) ? suffix : "", request);
  }
  if (ending == ".txt") return event_part(path, request);
  if (ending == ".bin") return image_part(read_cifar(path, cifar_labels(request, path)), path);
  if (const auto labels = idx_labels_of(path)) return idx_part(path, *labels, request);
  throw InputError(fmt::format(
      "{}: ends in '{}', expected .npz, .csv, .mat, .h5, .hdf5, .bin (CIFAR), .txt (a list of "
      "event recordings), IDX images "
      "(…images-idx3-ubyte, .gz or not), or a folder of PNG images",
      path, ending));
}

Tensor joined(const std::vector<UserPart>& parts, Tensor Samples::*member) {
  Shape shape = (parts.front().samples.*member).shape();
  shape[0] = 0;
  for (const UserPart& part : parts) shape[0] += part.samples.size();
  Tensor result((parts.front().samples.*member).dtype(), shape);
  auto at = result.bytes().begin();
  for (const UserPart& part : parts) at = std::ranges::copy((part.samples.*member).bytes(), at).out;
  return result;
}

/// Parts of one form as one: their classes together, in alphabetical order if they differ.
UserPart join(std::vector<UserPart> parts, const std::string& path) {
  if (parts.size() == 1) return std::move(parts.front());
  const UserPart& first = parts.front();
  std::set<std::string> names;
  bool names_differ = false;
  for (const UserPart& part : parts) {
    const Shape& shape = part.samples.inputs.shape();
    const Shape& expected = first.samples.inputs.shape();
    const bool is_alike =
        std::equal(shape.begin() + 1, shape.end(), expected.begin() + 1, expected.end()) &&
        part.features == first.features && part.label_names.empty() == first.label_names.empty();
    if (!is_alike) {
      throw InputError(fmt::format(
          "{}: samples of another form (shape {}) than in {} (shape {}); files that are "
          "joined must be alike",
          part.origin, to_string(shape), first.origin, to_string(expected)));
    }
    names.insert(part.label_names.begin(), part.label_names.end());
    names_differ = names_differ || part.label_names != first.label_names;
  }
  UserPart result;
  result.origin = path;
  result.features = first.features;
  result.label_names = first.label_names;
  if (names_differ) {
    result.label_names = {names.begin(), names.end()};
    for (UserPart& part : parts) rename_labels(part, result.label_names);
  }
  result.samples = {.inputs = joined(parts, &Samples::inputs),
                    .labels = joined(parts, &Samples::labels)};
  return result;
}

}  // namespace

UserPart read_user_part(const std::string& file, const std::string& suffix,
                        const Request& request) {
  const std::string path = user_file(file, request);
  std::vector<UserPart> parts;
  for (const std::string& one : files_of(path)) parts.push_back(read_one(one, suffix, request));
  return join(std::move(parts), path);
}

std::optional<UserPart> read_suffixed_part(const std::string& suffix, const Request& request) {
  const std::string path = user_file(request.train, request);
  if (!has_named_arrays(path) || is_pattern(path)) return std::nullopt;
  const ArrayFile file(path);
  if (!file.has(request.inputs + suffix)) return std::nullopt;
  return array_part(path, file, suffix, request);
}

void rename_labels(UserPart& part, const std::vector<std::string>& classes) {
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

}  // namespace pare::data
