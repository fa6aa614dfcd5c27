#include "data/cifar.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace pare::data {
namespace {

constexpr std::size_t kImageBytes = 3 * 32 * 32;

/// One of the two layouts.
struct Layout {
  std::size_t label_bytes;
  std::size_t label_place;  ///< of the label that counts
  std::size_t num_classes;
  const char* names_file;

  std::size_t record_bytes() const { return label_bytes + kImageBytes; }
};

constexpr Layout kCifar10{1, 0, 10, "batches.meta.txt"};
constexpr Layout kCifar100Coarse{2, 0, 20, "coarse_label_names.txt"};
constexpr Layout kCifar100Fine{2, 1, 100, "fine_label_names.txt"};

std::size_t label_of(std::span<const std::byte> bytes, const Layout& layout, std::size_t record) {
  const std::byte label = bytes[record * layout.record_bytes() + layout.label_place];
  return std::to_integer<std::size_t>(label);
}

bool labels_fit(std::span<const std::byte> bytes, const Layout& layout) {
  for (std::size_t i = 0; i < bytes.size() / layout.record_bytes(); ++i) {
    if (label_of(bytes, layout, i) >= layout.num_classes) return false;
  }
  return true;
}

Layout layout_of(std::span<const std::byte> bytes, CifarLabels labels, const std::string& origin) {
  const Layout& cifar100 = labels == CifarLabels::kFine ? kCifar100Fine : kCifar100Coarse;
  const bool fits_10 = bytes.size() % kCifar10.record_bytes() == 0;
  const bool fits_100 = bytes.size() % cifar100.record_bytes() == 0;
  if (bytes.empty() || !(fits_10 || fits_100)) {
    throw InputError(
        fmt::format("{}: {} bytes, expected a whole number of CIFAR records of {} bytes (CIFAR-10) "
                    "or {} (CIFAR-100); the file is cut, or another format",
                    origin, bytes.size(), kCifar10.record_bytes(), cifar100.record_bytes()));
  }
  if (!fits_100) return kCifar10;
  return fits_10 && labels_fit(bytes, kCifar10) ? kCifar10 : cifar100;
}

/// The lines of a text file that are not empty; none if it cannot be read.
std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  std::istringstream text(read_text(path.string()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

LabelledImages parse_cifar(std::span<const std::byte> bytes, CifarLabels labels,
                           const std::string& origin) {
  const Layout layout = layout_of(bytes, labels, origin);
  const std::size_t count = bytes.size() / layout.record_bytes();
  const auto rows = static_cast<std::int64_t>(count);
  LabelledImages result{.images = Tensor(DType::kU8, {rows, 3, 32, 32}),
                        .labels = Tensor(DType::kI64, {rows}),
                        .classes = {}};
  const auto to_labels = result.labels.as<std::int64_t>();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = label_of(bytes, layout, i);
    if (label >= layout.num_classes) {
      throw InputError(fmt::format("{}: image {}: label {}, expected 0 to {}; the file is damaged",
                                   origin, i, label, layout.num_classes - 1));
    }
    to_labels[i] = static_cast<std::int64_t>(label);
    const auto pixels = bytes.subspan(i * layout.record_bytes() + layout.label_bytes, kImageBytes);
    std::ranges::copy(pixels, result.images.bytes().subspan(i * kImageBytes).begin());
  }
  return result;
}

LabelledImages read_cifar(const std::string& path, CifarLabels labels) {
  const std::vector<std::byte> bytes = read_file(path);
  LabelledImages result = parse_cifar(bytes, labels, path);
  const Layout layout = layout_of(bytes, labels, path);
  result.classes = lines_of(std::filesystem::path(path).parent_path() / layout.names_file);
  if (result.classes.size() != layout.num_classes) result.classes.clear();
  return result;
}

}  // namespace pare::data
