#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "data/samples.h"
#include "data/source.h"
#include "data/user_part.h"

namespace pare::data {
namespace {

/// A part that has a file, or arrays with its suffix in the training file.
std::optional<UserPart> read_other_part(const std::string& file, const std::string& suffix,
                                        const Request& request) {
  if (!file.empty()) return read_user_part(file, suffix, request);
  return read_suffixed_part(suffix, request);
}

std::vector<std::string> class_names(const UserPart& train, const Request& request) {
  std::vector<std::string> classes = request.classes;
  if (classes.empty()) classes = train.label_names;
  if (classes.empty()) return numbered_classes(train.samples, train.origin);
  if (classes.size() < 2) {
    throw InputError(
        fmt::format("{}: only class '{}', expected at least two", train.origin, classes[0]));
  }
  return classes;
}

/// Throws if a part does not fit the training part.
void check_fits(const UserPart& part, const UserPart& train) {
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

Samples finished(UserPart& part, const UserPart& train, const std::vector<std::string>& classes) {
  check_fits(part, train);
  rename_labels(part, classes);
  check_labels(part.samples, classes.size(), part.origin);
  return std::move(part.samples);
}

}  // namespace

Source read_user_files(const Request& request) {
  UserPart train = read_user_part(request.train, "_train", request);
  Source source;
  const std::filesystem::path path(request.train);
  // A folder may be written with a slash at its end.
  source.name = (path.has_filename() ? path : path.parent_path()).filename().string();
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
