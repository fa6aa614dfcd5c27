#include "data/synthetic_scene.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/philox.h"

namespace pare::data {
namespace {

constexpr std::size_t kSitesPerClass = 4;
constexpr int kBumps = 3;
constexpr double kBaseline = 0.3;
constexpr double kBrightnessDeviation = 0.1;
constexpr double kNoise = 0.02;
constexpr double kUnlabelledWithin = 1;

constexpr std::uint64_t kProblemSeed = 20220407;
constexpr std::uint32_t kSpectraStep = 2;  // those before are synthetic.cpp's
constexpr std::uint32_t kSitesStep = 3;
constexpr std::uint32_t kPixelsStep = 4;

/// [class][band]
std::vector<std::vector<double>> make_spectra(std::size_t classes, std::size_t bands) {
  const Philox random(kProblemSeed, RandomStream::kSynthetic, 0, kSpectraStep);
  std::vector<std::vector<double>> spectra(classes, std::vector<double>(bands, kBaseline));
  std::uint64_t index = 0;
  for (std::vector<double>& spectrum : spectra) {
    for (int bump = 0; bump < kBumps; ++bump) {
      const double height = 0.1 + 0.3 * random.uniform(index++);
      const double centre = random.uniform(index++);
      const double width = 0.05 + 0.15 * random.uniform(index++);
      for (std::size_t band = 0; band < bands; ++band) {
        const double place = (static_cast<double>(band) + 0.5) / static_cast<double>(bands);
        const double distance = (place - centre) / width;
        spectrum[band] += height * std::exp(-distance * distance / 2);
      }
    }
  }
  return spectra;
}

struct Site {
  double row;
  double column;
  std::size_t label;
};

std::vector<Site> make_sites(const SceneSource& scene, std::size_t classes) {
  const Philox random(kProblemSeed, RandomStream::kSynthetic, 0, kSitesStep);
  std::vector<Site> sites;
  for (std::size_t i = 0; i < classes * kSitesPerClass; ++i) {
    sites.push_back({.row = random.uniform(2 * i) * static_cast<double>(scene.shape[0]),
                     .column = random.uniform(2 * i + 1) * static_cast<double>(scene.shape[1]),
                     .label = i % classes});
  }
  return sites;
}

/// The nearest class of a pixel and the nearest other one, with the distances of their sites.
struct Nearest {
  std::size_t first = 0;
  std::size_t second = 0;
  double first_distance = 0;
  double second_distance = 0;
};

Nearest nearest_of(double row, double column, const std::vector<Site>& sites, std::size_t classes) {
  std::vector<double> distances(classes, std::numeric_limits<double>::infinity());
  for (const Site& site : sites) {
    const double distance = std::hypot(row - site.row, column - site.column);
    distances[site.label] = std::min(distances[site.label], distance);
  }
  Nearest nearest{.first = 0, .second = 1};
  if (distances[1] < distances[0]) std::swap(nearest.first, nearest.second);
  for (std::size_t c = 2; c < classes; ++c) {
    if (distances[c] < distances[nearest.first]) {
      nearest.second = nearest.first;
      nearest.first = c;
    } else if (distances[c] < distances[nearest.second]) {
      nearest.second = c;
    }
  }
  nearest.first_distance = distances[nearest.first];
  nearest.second_distance = distances[nearest.second];
  return nearest;
}

}  // namespace

Scene make_synthetic_scene(const CatalogueSet& set, std::uint64_t seed) {
  check(set.scene.has_value() && set.classes.size() >= 2, "make_synthetic_scene: no scene");
  const Shape& shape = set.scene->shape;
  const auto bands = static_cast<std::size_t>(shape[2]);
  const auto spectra = make_spectra(set.classes.size(), bands);
  const auto sites = make_sites(*set.scene, set.classes.size());
  Scene scene{.name = set.name,
              .description = set.description,
              .cube = Tensor(DType::kF32, shape),
              .labels = Tensor(DType::kI64, {shape[0], shape[1]}),
              .bands = {},
              .classes = set.classes};
  const Philox random(seed, RandomStream::kSynthetic, 0, kPixelsStep);
  const auto cube = scene.cube.as<float>();
  const auto labels = scene.labels.as<std::int64_t>();
  for (std::size_t pixel = 0; pixel < labels.size(); ++pixel) {
    const auto number = static_cast<std::int64_t>(pixel);
    const Nearest at =
        nearest_of(static_cast<double>(number / shape[1]) + 0.5,
                   static_cast<double>(number % shape[1]) + 0.5, sites, set.classes.size());
    const double lead = at.second_distance - at.first_distance;
    labels[pixel] = lead < kUnlabelledWithin ? kUnlabelled : static_cast<std::int64_t>(at.first);
    const double share = 1 / (1 + std::exp(-lead));
    std::uint64_t index = pixel * (bands + 1);
    const double brightness = 1 + kBrightnessDeviation * random.normal(index++);
    for (std::size_t band = 0; band < bands; ++band) {
      const double mixed = share * spectra[at.first][band] + (1 - share) * spectra[at.second][band];
      const double noise = kNoise * random.normal(index++);
      cube[pixel * bands + band] = static_cast<float>(brightness * mixed + noise);
    }
  }
  return scene;
}

}  // namespace pare::data
