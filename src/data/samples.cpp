#include "data/samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::data {
namespace {

constexpr std::int64_t kMaxNumberedClasses = 65536;

std::string name_of_feature(std::int64_t place, const std::vector<std::string>& features) {
  if (static_cast<std::size_t>(place) < features.size()) {
    return fmt::format("feature {} ({})", place, features[static_cast<std::size_t>(place)]);
  }
  return fmt::format("feature {}", place);
}

Tensor finite_inputs(const RawSamples& raw, const std::vector<std::string>& features) {
  const Tensor inputs = raw.inputs.to(DType::kF32);
  const std::int64_t per_row = num_elements(inputs.shape()) / inputs.dim(0);
  const auto values = inputs.as<float>();
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); });
  if (bad == values.end()) return inputs;
  const std::int64_t place = bad - values.begin();
  throw InputError(fmt::format(
      "{}: row {}, {}: {}, expected a finite number that float32 can hold; remove the row or "
      "repair "
      "the value",
      raw.inputs_origin, place / per_row, name_of_feature(place % per_row, features), *bad));
}

Tensor integer_labels(const RawSamples& raw) {
  if (raw.labels.dtype() == DType::kF32 || raw.labels.dtype() == DType::kF64) {
    throw InputError(
        fmt::format("{}: labels are {}, expected integers from 0 to classes-1; convert them with "
                    ".astype('int64')",
                    raw.labels_origin, name_of(raw.labels.dtype())));
  }
  Tensor labels = raw.labels.to(DType::kI64);
  const auto values = labels.as<std::int64_t>();
  // An unsigned label beyond 63 bits comes out negative as well.
  const auto bad = std::find_if(values.begin(), values.end(), [&](std::int64_t y) {
    return y < std::max<std::int64_t>(raw.first_label, 0);
  });
  if (bad != values.end()) {
    throw InputError(
        fmt::format("{}: row {}: label out of range, expected {} to classes-1{}{}",
                    raw.labels_origin, bad - values.begin(), raw.first_label,
                    raw.first_label == 0 ? "" : fmt::format("+{}", raw.first_label),
                    raw.labels.dtype() == DType::kU64 ? "" : fmt::format(", found {}", *bad)));
  }
  for (std::int64_t& label : labels.as<std::int64_t>()) label -= raw.first_label;
  return labels;
}

void check_shapes(const RawSamples& raw) {
  const Tensor& inputs = raw.inputs;
  const Tensor& labels = raw.labels;
  if (inputs.rank() < 2) {
    throw InputError(fmt::format("{}: shape {}, expected [samples, features]", raw.inputs_origin,
                                 to_string(inputs.shape())));
  }
  if (labels.rank() != 1) {
    throw InputError(
        fmt::format("{}: shape {}, expected [samples]; of one-hot labels take .argmax(axis=1)",
                    raw.labels_origin, to_string(labels.shape())));
  }
  if (inputs.dim(0) != labels.dim(0)) {
    throw InputError(fmt::format(
        "{}: {} rows, but {} has {} labels; they must be of the same samples (data.axes "
        "says which axis samples are, if not the first)",
        raw.inputs_origin, inputs.dim(0), raw.labels_origin, labels.dim(0)));
  }
  if (inputs.size() == 0) {
    throw InputError(fmt::format("{}: shape {}: no samples, or no features", raw.inputs_origin,
                                 to_string(inputs.shape())));
  }
}

}  // namespace

Samples make_samples(const RawSamples& raw, const std::vector<std::string>& features) {
  check_shapes(raw);
  return {.inputs = finite_inputs(raw, features), .labels = integer_labels(raw)};
}

void check_labels(const Samples& samples, std::size_t num_classes, const std::string& origin) {
  const auto labels = samples.labels.as<std::int64_t>();
  const auto bad = std::find_if(labels.begin(), labels.end(), [&](std::int64_t y) {
    return static_cast<std::size_t>(y) >= num_classes;
  });
  if (bad == labels.end()) return;
  throw InputError(
      fmt::format("{}: row {}: label {} out of range, expected 0 to {} (there are {} classes); "
                  "correct the labels "
                  "or data.classes",
                  origin, bad - labels.begin(), *bad, num_classes - 1, num_classes));
}

std::vector<std::string> numbered_classes(const Samples& samples, const std::string& origin) {
  const auto labels = samples.labels.as<std::int64_t>();
  const std::int64_t largest = *std::max_element(labels.begin(), labels.end());
  if (largest >= kMaxNumberedClasses) {
    throw InputError(
        fmt::format("{}: label {} would make more than {} classes; number them 0, 1, …", origin,
                    largest, kMaxNumberedClasses));
  }
  if (largest == 0) {
    throw InputError(fmt::format("{}: all labels are 0, expected at least two classes", origin));
  }
  std::vector<std::string> classes;
  for (std::int64_t label = 0; label <= largest; ++label)
    classes.push_back(fmt::format("{}", label));
  return classes;
}

Samples select(const Samples& samples, const std::vector<std::int64_t>& rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  Shape shape = samples.inputs.shape();
  const std::size_t row_bytes =
      samples.inputs.bytes().size() / static_cast<std::size_t>(std::max<std::int64_t>(shape[0], 1));
  shape[0] = count;
  Samples result{.inputs = Tensor(DType::kF32, shape), .labels = Tensor(DType::kI64, {count})};
  const auto labels = samples.labels.as<std::int64_t>();
  const auto new_labels = result.labels.as<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(rows[i]);
    std::memcpy(result.inputs.bytes().data() + i * row_bytes,
                samples.inputs.bytes().data() + row * row_bytes, row_bytes);
    new_labels[i] = labels[row];
  }
  return result;
}

}  // namespace pare::data
