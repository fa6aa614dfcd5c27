#include "data/image_folder.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "data/array_file.h"
#include "data/png.h"

namespace pare::data {
namespace {

namespace fs = std::filesystem;

/// What lies in a folder, without what is hidden, in the order of names.
std::vector<fs::path> entries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->path().filename().string().starts_with('.')) found.push_back(at->path());
  }
  if (error) {
    throw InputError(
        fmt::format("{}: cannot be read as a folder: {}", folder.string(), error.message()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string describe(const Tensor& image) {
  return fmt::format("{} x {} {} pixels of {} bits", image.dim(1), image.dim(2),
                     image.dim(0) == 1 ? "grey" : "colour", 8 * size_of(image.dtype()));
}

/// Images one after another, all like the first.
class Collector {
 public:
  void add(const std::string& path, std::int64_t label) {
    const Tensor image = parse_png(read_file(path), path);
    if (first_.empty()) {
      first_ = path;
      like_ = Tensor(image.dtype(), image.shape());
    }
    if (image.shape() != like_.shape() || image.dtype() != like_.dtype()) {
      throw InputError(
          fmt::format("{}: {} (rows x columns), but {} has {}; bring all images to one "
                      "form",
                      path, describe(image), first_, describe(like_)));
    }
    bytes_.insert(bytes_.end(), image.bytes().begin(), image.bytes().end());
    labels_.push_back(label);
  }

  std::size_t size() const { return labels_.size(); }

  LabelledImages finish(std::vector<std::string> classes) {
    Shape shape = like_.shape();
    const auto count = static_cast<std::int64_t>(labels_.size());
    shape.insert(shape.begin(), count);
    LabelledImages result{.images = Tensor(like_.dtype(), shape),
                          .labels = Tensor::from<std::int64_t>({count}, labels_),
                          .classes = std::move(classes)};
    std::ranges::copy(bytes_, result.images.bytes().begin());
    return result;
  }

 private:
  std::string first_;
  Tensor like_;  ///< of the first image's type and shape
  std::vector<std::byte> bytes_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

LabelledImages read_image_folder(const std::string& path) {
  Collector images;
  std::vector<std::string> classes;
  for (const fs::path& folder : entries(path)) {
    if (!fs::is_directory(folder)) {
      throw InputError(fmt::format(
          "{}: a file among the folders of classes; expected one folder a class with PNG images",
          folder.string()));
    }
    const std::size_t before = images.size();
    for (const fs::path& file : entries(folder)) {
      if (extension(file.string()) != ".png") {
        throw InputError(fmt::format(
            "{}: expected PNG images (.png) alone in the folder of a class", file.string()));
      }
      images.add(file.string(), static_cast<std::int64_t>(classes.size()));
    }
    if (images.size() == before) {
      throw InputError(fmt::format("{}: no PNG images in this class's folder", folder.string()));
    }
    classes.push_back(folder.filename().string());
  }
  if (classes.empty()) {
    throw InputError(
        fmt::format("{}: an empty folder; expected one folder a class with PNG images", path));
  }
  return images.finish(std::move(classes));
}

}  // namespace pare::data
