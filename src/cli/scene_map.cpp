#include "cli/scene_map.h"

#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "cli/map_images.h"
#include "cli/table.h"
#include "metrics/agreement.h"

namespace pare::cli {
namespace {

std::string share_in_percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.2f}", 100 * share);
}

nlohmann::json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

std::int64_t num_tested(const SceneMap& map) {
  return std::accumulate(map.tested.counts.begin(), map.tested.counts.end(), std::int64_t{0});
}

}  // namespace

SceneMap make_scene_map(Tensor classes, const data::DividedScene& divided) {
  const data::Scene& scene = divided.scene;
  SceneMap map{.classes = std::move(classes),
               .pixels = std::vector<std::int64_t>(scene.classes.size()),
               .labelled = data::class_counts(scene),
               .tested = {}};
  const auto predicted = std::as_const(map.classes).as<std::int64_t>();
  for (const std::int64_t number : predicted) ++map.pixels.at(static_cast<std::size_t>(number));
  std::vector<std::int64_t> found;
  for (const std::int64_t pixel : divided.split.test) {
    found.push_back(predicted[static_cast<std::size_t>(pixel)]);
  }
  map.tested = metrics::confusion_matrix(found, data::labels_at(scene, divided.split.test),
                                         scene.classes.size());
  return map;
}

std::string render_scene_map(const SceneMap& map, const std::vector<std::string>& classes) {
  Table legend{{{"class", Align::kLeft},
                {"colour", Align::kLeft},
                {"pixels"},
                {"labelled"},
                {"recall % of test pixels"}},
               {},
               {}};
  const std::vector<double> recalls = metrics::recalls(map.tested);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    legend.rows.push_back({classes[c], hex(colour_of_class(c)), grouped(map.pixels[c]),
                           grouped(map.labelled[c]), share_in_percent(recalls[c])});
  }
  return fmt::format(
      "{}\n\nTest pixels: overall accuracy {} %, average accuracy {} %, Cohen's kappa {} %, {} "
      "pixels.\nThose that trained or validated the network are not counted: it has seen them.",
      render(legend), share_in_percent(metrics::accuracy(map.tested)),
      share_in_percent(metrics::average_accuracy(map.tested)),
      share_in_percent(metrics::cohens_kappa(map.tested)), grouped(num_tested(map)));
}

nlohmann::json scene_map_json(const SceneMap& map, const std::vector<std::string>& classes) {
  const std::vector<double> recalls = metrics::recalls(map.tested);
  auto legend = nlohmann::json::array();
  auto confusion = nlohmann::json::array();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    legend.push_back({{"name", classes[c]},
                      {"colour", hex(colour_of_class(c))},
                      {"pixels", map.pixels[c]},
                      {"labelled", map.labelled[c]},
                      {"recall", number_or_null(recalls[c])}});
    auto row = nlohmann::json::array();
    for (std::size_t k = 0; k < classes.size(); ++k) row.push_back(map.tested.at(c, k));
    confusion.push_back(std::move(row));
  }
  return {{"rows", map.classes.dim(0)},
          {"columns", map.classes.dim(1)},
          {"classes", std::move(legend)},
          {"test",
           {{"samples", num_tested(map)},
            {"accuracy", number_or_null(metrics::accuracy(map.tested))},
            {"average_accuracy", number_or_null(metrics::average_accuracy(map.tested))},
            {"kappa", number_or_null(metrics::cohens_kappa(map.tested))},
            {"confusion", std::move(confusion)}}}};
}

}  // namespace pare::cli
