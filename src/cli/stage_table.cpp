#include "cli/stage_table.h"

#include <string>

#include <fmt/format.h>

namespace pare::cli {
namespace {

using Json = nlohmann::json;

std::string percent(const Json& stage, const Json::json_pointer& at, int decimals) {
  if (!stage.contains(at) || !stage.at(at).is_number()) return "-";
  return fmt::format("{:.{}f}", 100 * stage.at(at).get<double>(), decimals);
}

std::string bits(const Json& stage) {
  const auto of = [&](const char* key) {
    const int width = stage.value(key, 32);
    return width == 32 ? std::string("float") : std::to_string(width);
  };
  return of("weight_bits") + "/" + of("activation_bits");
}

std::string bops(const Json& stage) {
  const Json::json_pointer at("/bops/weight_only_input_32");
  return stage.contains(at) ? grouped(stage.at(at).get<double>(), 0) : "-";
}

}  // namespace

Table stage_table(const std::vector<Json>& stages) {
  Table table;
  table.columns = {{"stage", Align::kLeft}, {"W/A bits"}, {"sparsity %"}, {"weights"}, {"BOPs"},
                   {"accuracy %"},          {"AA %"},     {"kappa %"},    {"AUC %"},   {"epochs"}};
  for (const Json& stage : stages) {
    table.rows.push_back({stage.value("stage", ""), bits(stage),
                          percent(stage, Json::json_pointer("/sparsity"), 1),
                          grouped(stage.value("alive_weights", std::int64_t{0})), bops(stage),
                          percent(stage, Json::json_pointer("/test/accuracy"), 2),
                          percent(stage, Json::json_pointer("/test/average_accuracy"), 2),
                          percent(stage, Json::json_pointer("/test/kappa"), 2),
                          percent(stage, Json::json_pointer("/test/auc_macro"), 2),
                          std::to_string(stage.value("epochs", 0))});
  }
  return table;
}

std::string baselines_line(const std::vector<Json>& stages) {
  const Json::json_pointer at("/test/baselines");
  for (const Json& stage : stages) {
    if (!stage.contains(at)) continue;
    return fmt::format(
        "For comparison, test samples: all of the commonest class {} %, nearest class mean {} %.",
        percent(stage, at / "majority", 2), percent(stage, at / "nearest_centroid", 2));
  }
  return {};
}

std::string affine_lines(const std::vector<Json>& stages) {
  std::string lines;
  for (const Json& stage : stages) {
    std::string parts;
    for (const char* part : {"validation", "test"}) {
      const Json::json_pointer at = Json::json_pointer("/affine") / part;
      if (!stage.contains(at)) continue;
      parts += fmt::format("{}{} {} % becomes {} % ({:+.2f})", parts.empty() ? "" : ", ", part,
                           percent(stage, at / "accuracy", 2),
                           percent(stage, Json::json_pointer() / part / "accuracy", 2),
                           100 * stage.at(at / "delta").get<double>());
    }
    if (parts.empty()) continue;
    lines += fmt::format("{}{}, trained with affine weights, left with symmetric ones: {}.",
                         lines.empty() ? "" : "\n", stage.value("stage", ""), parts);
  }
  return lines;
}

}  // namespace pare::cli
