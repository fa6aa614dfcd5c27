#include "cli/map_images.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "data/scene.h"

namespace pare::cli {
namespace {

constexpr double kGoldenAngle = 0.6180339887498949;  // of a turn: 1 / the golden ratio
constexpr std::array<std::array<double, 2>, 3> kSaturationAndValue{
    {{0.9, 0.65}, {0.6, 1.0}, {1.0, 1.0}}};

constexpr Colour kBlack{0, 0, 0};
constexpr Colour kWhite{255, 255, 255};
constexpr Colour kRed{220, 30, 30};
constexpr Colour kGrey{90, 90, 90};

constexpr double kLowPercentile = 0.02;
constexpr double kHighPercentile = 0.98;

std::uint8_t to_byte(double share) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
}

/// An image of `labels`' size with the colour of each pixel.
template <class ColourOf>
Tensor painted(const Tensor& labels, ColourOf&& colour_of) {
  Tensor image(DType::kU8, {3, labels.dim(0), labels.dim(1)});
  const auto to = image.as<std::uint8_t>();
  const std::size_t area = labels.size();
  for (std::size_t pixel = 0; pixel < area; ++pixel) {
    const Colour colour = colour_of(pixel);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      to[channel * area + pixel] = colour[channel];
    }
  }
  return image;
}

double order_statistic(std::vector<float>& values, double share) {
  const auto place = std::lround(share * static_cast<double>(values.size() - 1));
  const auto wanted = values.begin() + place;
  std::nth_element(values.begin(), wanted, values.end());
  return static_cast<double>(*wanted);
}

}  // namespace

Colour colour_of_class(std::size_t index) {
  const auto [saturation, value] = kSaturationAndValue[index % kSaturationAndValue.size()];
  const double turns = static_cast<double>(index) * kGoldenAngle;
  const double hue = 6 * (turns - std::floor(turns));
  Colour colour{};
  // Red is brightest around hue 0, green around 2, blue around 4; each falls off beyond one step.
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const double away = std::abs(hue - 2 * static_cast<double>(channel));
    const double strength = std::clamp(2 - std::min(away, 6 - away), 0.0, 1.0);
    colour[channel] = to_byte(value * (1 - saturation * (1 - strength)));
  }
  return colour;
}

std::string hex(const Colour& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

Tensor class_image(const Tensor& classes) {
  const auto numbers = classes.as<std::int64_t>();
  return painted(classes, [&](std::size_t pixel) {
    const std::int64_t number = numbers[pixel];
    return number == data::kUnlabelled ? kBlack : colour_of_class(static_cast<std::size_t>(number));
  });
}

Tensor difference_image(const Tensor& classes, const Tensor& labels,
                        std::span<const std::int64_t> tested) {
  const auto predicted = classes.as<std::int64_t>();
  const auto truth = labels.as<std::int64_t>();
  std::vector<bool> is_tested(labels.size());
  for (const std::int64_t pixel : tested) is_tested[static_cast<std::size_t>(pixel)] = true;
  return painted(labels, [&](std::size_t pixel) {
    if (truth[pixel] == data::kUnlabelled) return kBlack;
    if (!is_tested[pixel]) return kGrey;
    return predicted[pixel] == truth[pixel] ? kWhite : kRed;
  });
}

BandChoice default_bands(std::int64_t num_bands) {
  return {num_bands * 5 / 6, num_bands / 2, num_bands / 6};
}

Tensor false_colour_image(const Tensor& cube, const BandChoice& bands) {
  const auto values = cube.as<float>();
  const auto depth = static_cast<std::size_t>(cube.dim(2));
  const std::size_t area = cube.size() / depth;
  Tensor image(DType::kU8, {3, cube.dim(0), cube.dim(1)});
  const auto to = image.as<std::uint8_t>();
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const auto band = static_cast<std::size_t>(bands[channel]);
    std::vector<float> all(area);
    for (std::size_t pixel = 0; pixel < area; ++pixel) all[pixel] = values[pixel * depth + band];
    std::vector<float> sorted = all;
    const double low = order_statistic(sorted, kLowPercentile);
    const double high = order_statistic(sorted, kHighPercentile);
    for (std::size_t pixel = 0; pixel < area; ++pixel) {
      const double above = static_cast<double>(all[pixel]) - low;
      to[channel * area + pixel] = high > low ? to_byte(above / (high - low)) : std::uint8_t{0};
    }
  }
  return image;
}

}  // namespace pare::cli
