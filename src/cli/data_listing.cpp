#include "cli/data_listing.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/sha256.h"
#include "data/find_file.h"

namespace pare::cli {
namespace {

constexpr std::size_t kShownCounts = 12;

std::int64_t total_bytes(const data::CatalogueSet& set) {
  std::int64_t bytes = 0;
  for (const data::CatalogueFile& file : set.files) bytes += file.bytes;
  return bytes;
}

/// "ok", "another SHA-256" or "absent".
std::string state_of(const data::CatalogueFile& file) {
  const auto path = data::find_data_file(file.path);
  if (!path) return "absent";
  if (file.sha256.empty()) return "here, its SHA-256 is not known";
  return sha256_hex(read_file(*path)) == file.sha256 ? "ok" : "another SHA-256";
}

std::string number_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "";
}

std::string counts_text(const data::ArraySummary& array) {
  std::vector<std::string> texts;
  for (const auto& [value, count] : array.counts) {
    if (texts.size() == kShownCounts) {
      texts.push_back(fmt::format("... {} values", array.counts.size()));
      break;
    }
    texts.push_back(fmt::format("{}: {}", value, grouped(count)));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

nlohmann::json optional_json(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nullptr;
}

}  // namespace

std::string availability(const data::CatalogueSet& set) {
  if (set.is_synthetic()) return "computed";
  const auto is_here = [](const data::CatalogueFile& file) {
    return data::find_data_file(file.path).has_value();
  };
  const auto has_address = [](const data::CatalogueFile& file) { return !file.url.empty(); };
  if (std::all_of(set.files.begin(), set.files.end(), is_here)) return "here";
  return std::all_of(set.files.begin(), set.files.end(), has_address) ? "fetch" : "absent";
}

Table set_table(const std::vector<data::CatalogueSet>& sets) {
  Table table{{{"name", Align::kLeft},
               {"files", Align::kLeft},
               {"bytes"},
               {"classes"},
               {"description", Align::kLeft}},
              {},
              {}};
  for (const data::CatalogueSet& set : sets) {
    table.rows.push_back({set.name, availability(set),
                          set.is_synthetic() ? "" : grouped(total_bytes(set)),
                          fmt::format("{}", set.classes.size()), set.description});
  }
  return table;
}

nlohmann::json set_json(const data::CatalogueSet& set) {
  nlohmann::json files = nlohmann::json::array();
  for (const data::CatalogueFile& file : set.files) {
    const auto path = data::find_data_file(file.path);
    files.push_back(
        {{"path", file.path},
         {"bytes", file.bytes > 0 ? nlohmann::json(file.bytes) : nlohmann::json(nullptr)},
         {"sha256", file.sha256.empty() ? nlohmann::json(nullptr) : nlohmann::json(file.sha256)},
         {"url", file.url.empty() ? nlohmann::json(nullptr) : nlohmann::json(file.url)},
         {"found", path ? nlohmann::json(*path) : nullptr}});
  }
  const auto scene = set.scene ? nlohmann::json(set.scene->shape) : nlohmann::json(nullptr);
  return {
      {"scene_shape", scene},     {"name", set.name},         {"description", set.description},
      {"terms", set.terms},       {"citation", set.citation}, {"classes", set.classes},
      {"features", set.features}, {"files", files},           {"availability", availability(set)}};
}

std::string set_text(const data::CatalogueSet& set) {
  std::string text =
      fmt::format("{}: {}\nterms     {}\ncite      {}\nclasses   {}\n", set.name, set.description,
                  set.terms, set.citation, fmt::join(set.classes, ", "));
  if (!set.features.empty()) text += fmt::format("features  {}\n", fmt::join(set.features, ", "));
  if (set.scene) {
    text += fmt::format("scene     {} rows x columns x bands\n", to_string(set.scene->shape));
  }
  if (set.is_synthetic()) return text + "files     none: it is computed";
  Table table{{{"file", Align::kLeft}, {"bytes"}, {"state", Align::kLeft}, {"place", Align::kLeft}},
              {},
              {}};
  for (const data::CatalogueFile& file : set.files) {
    const auto path = data::find_data_file(file.path);
    table.rows.push_back({file.path, file.bytes > 0 ? grouped(file.bytes) : "?", state_of(file),
                          path.value_or(file.url)});
  }
  return text + '\n' + render(table);
}

std::string scene_text(const data::Scene& scene) {
  const std::vector<std::int64_t> counts = data::class_counts(scene);
  const std::int64_t labelled = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  Table table{{{"class", Align::kLeft}, {"pixels"}}, {}, {}};
  for (std::size_t c = 0; c < counts.size(); ++c) {
    table.rows.push_back({scene.classes[c], grouped(counts[c])});
  }
  return fmt::format("{}\n{} x {} pixels, {} bands; {} pixels are labelled, {} are not\n\n{}",
                     scene.description, scene.rows(), scene.columns(), scene.cube.dim(2),
                     grouped(labelled), grouped(scene.rows() * scene.columns() - labelled),
                     render(table));
}

nlohmann::json scene_json(const data::Scene& scene) {
  const std::vector<std::int64_t> counts = data::class_counts(scene);
  const std::int64_t labelled = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  nlohmann::json pixels = nlohmann::json::object();
  for (std::size_t c = 0; c < counts.size(); ++c) pixels[scene.classes[c]] = counts[c];
  return {{"rows", scene.rows()},
          {"columns", scene.columns()},
          {"bands", scene.cube.dim(2)},
          {"labelled", labelled},
          {"unlabelled", scene.rows() * scene.columns() - labelled},
          {"pixels", pixels}};
}

Table summary_table(const std::vector<data::ArraySummary>& arrays) {
  Table table{{{"array", Align::kLeft},
               {"type", Align::kLeft},
               {"shape", Align::kLeft},
               {"min"},
               {"max"},
               {"not finite"},
               {"values", Align::kLeft}},
              {},
              {}};
  for (const data::ArraySummary& array : arrays) {
    table.rows.push_back({array.name, array.type, to_string(array.shape), number_text(array.min),
                          number_text(array.max), grouped(array.num_not_finite),
                          counts_text(array)});
  }
  return table;
}

nlohmann::json summary_json(const std::vector<data::ArraySummary>& arrays) {
  nlohmann::json result = nlohmann::json::array();
  for (const data::ArraySummary& array : arrays) {
    nlohmann::json counts = nlohmann::json::object();
    for (const auto& [value, count] : array.counts) counts[value] = count;
    result.push_back({{"array", array.name},
                      {"type", array.type},
                      {"shape", array.shape},
                      {"min", optional_json(array.min)},
                      {"max", optional_json(array.max)},
                      {"not_finite", array.num_not_finite},
                      {"values", counts}});
  }
  return result;
}

}  // namespace pare::cli
